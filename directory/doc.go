// Package directory is the key directory as a plain Go API: it takes new
// versions of labels, publishes them in epochs, and answers the requests of
// KEYTRANS with proofs.
//
// One commit of the store is one epoch, which appends one log entry. A single
// sequencer makes epochs: while one commits, the next gathers. Reads run on the
// immutable state of the last published epoch and take no lock against the
// sequencer.
//
// The log entries are public as a log of their own (publiclog.go); package
// publisher signs its checkpoints.
//
// HTTP lives in package web. Stores are in packages of their own below this one.
package directory
