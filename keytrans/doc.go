// Package keytrans implements the IETF Key Transparency protocol,
// draft-ietf-keytrans-protocol at commit 526cc8a (between -05 and -06): its
// messages, cryptographic computations, and the search, monitoring and update
// algorithms of both sides.
//
// A directory answers with Prover, a user checks answers with Verifier. Both
// run the same algorithms (walk.go and its neighbours), once producing a
// CombinedTreeProof and once consuming it, so that they cannot disagree on what
// belongs where in a proof.
//
// The package does no I/O, reads no clock and keeps no state between calls.
// What a user has to retain (View, Recent, Contact, Owner) is passed in and
// returned; a response that fails verification yields nothing to retain.
//
// Users verify each other's credentials with Verifier, too. These need no response:
// what a credential shows of the log is verified against Recent.
//
// All three deployment modes are verified and served. An Auditor is the
// third party of one of them: it verifies AuditorUpdates, and keeps its state in
// memory, from which it can be stored.
package keytrans
