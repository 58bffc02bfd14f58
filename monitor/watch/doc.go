// Package watch monitors labels of one directory for their owners and for those who
// use them (KEYTRANS, "Owner Algorithm", "Contact Algorithm"), by means of a
// *client.Client, whose state is the monitor's.
//
// # Owners
//
// The first round takes a label over: what exists then is accepted, and told, so that
// people compare it. From then on each version must be expected: see Expect. One that
// is not is told of in every round until its owner accepts it.
//
// # Contacts
//
// Each round looks up the greatest version, which completes the monitoring that the
// protocol asks of a contact. Versions in between are looked up, too, so that keys that
// were swapped and restored between two rounds are noticed.
//
// # What is kept
//
// The client keeps what was verified. The watcher's own record, one file, has what was
// told: it is stored before Round returns, so that each finding is found again until
// whoever keeps findings has had the chance to store it, and nothing is passed over
// because the program ended between. The newest MaxHappened findings of each label are
// kept. A damaged record is put aside, and begun anew from what the client has seen.
//
// # Bounds
//
// A round reads and writes the state as a whole, a fixed number of times and every ten
// seconds, and looks contacts up in groups of a fixed size. Its memory is bounded by a
// multiple of the state, some kilobytes a label, and of client.Config.MaxResponse. Its
// time is bounded by its context. Evidence files of the same misbehaviour at the same
// label are kept up to a hundred, and then only the first.
package watch
