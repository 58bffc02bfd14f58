// Package trillianlog writes a directory's log entries to a Trillian log, which
// somebody else typically runs: a PREORDERED_LOG tree, in which entry i of the
// directory is the value of leaf i. The root of Trillian's tree at a size is
// therefore the root of the directory's public log at that size, the RFC 6962
// tree over the entries. It is not the log tree of KEYTRANS.
//
// Trillian is given what the directory has committed, and is never asked what
// the directory holds: entries may be sent twice, in any crash, and every one is
// in the tree once. What Trillian had accepted before is settled by reading it
// back. The package does not compare roots. Its caller does, and signs only what
// is equal; thus whoever can write to Trillian can stop the directory's
// checkpoints, but not change what they say.
//
// Nothing that Trillian answers is authenticated here.
//
// deploy/trillian has what an operator needs to run Trillian.
package trillianlog
