// Package naive is a second implementation of the KEYTRANS draft's algorithms,
// written from the draft's text alone and kept as literal and as slow as
// possible. Only tests import it: they compare it with the real
// implementation.
//
// A World says everything there is to know about a log. Each operation on a
// World returns the Trace that an honest answer must have: which log entries
// contribute a timestamp, a prefix proof or a prefix root, in which order, and
// which balanced subtrees contribute a head to the inclusion proof.
package naive
