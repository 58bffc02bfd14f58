// Package evidence is the one form in which misbehaviour of a directory is kept,
// shown to others, and checked by them: a JSON object of the schema
// ghostlight/evidence/v1, which docs/evidence.md describes field by field.
//
// Evidence is self-contained. Parse reads it and Evidence.Verify checks it, offline,
// trusting nothing but what the file says who the directory is: its Configuration,
// or the verifier key of its log. Whoever accuses a directory must know from
// elsewhere that these are the directory's; Proof has them, and Expected compares
// them. All else in the file can have been made up, the summary too: what is proven
// is what Proof says.
//
// What rests on something that no signature covers, such as what a client remembers
// of a label, proves nothing to others. It is kept in the same form, with the class
// Report, and Verify returns ErrReport for it.
//
// The package has no I/O and no clock, and its functions may be called concurrently.
package evidence
