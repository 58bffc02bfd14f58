// Package witness is a witness of logs (C2SP tlog-witness, tlog-cosignature): it
// vouches that each log it was shown only ever grew.
//
// # What is promised
//
// A [Witness] cosigns a checkpoint that a configured key of the log signed, and that
// provably continues the one it cosigned last: by the proof in the request when it is
// asked, or by the log's tiles when it asks the log itself, in each [Witness.Round].
// Comparing with the last one, storing the new one and making it the last one are one
// step. What was cosigned is on the disk twice before it is answered.
//
// What two signed checkpoints of a log prove is kept as evidence (package monitor). A
// signed checkpoint that was refused for its proof is kept until the log's tiles tell
// whether the log or only the proof was wrong.
//
// # What is not promised
//
// That a log's entries are right: a witness does not read them. That everybody sees
// what the witness sees, unless they require its cosignature. That a cosignature is
// not older than it says, if this machine's clock is wrong.
//
// # Damage
//
// Each of the two copies of the last checkpoint authenticates itself by the witness's
// own cosignature. If one is lost or damaged, the other one counts, and the larger one
// if both are good. If neither is, the witness refuses this log until somebody gives
// it back the last checkpoint; it never begins again from nothing by itself.
//
// # Bounds
//
// A request has at most 128 KiB, is read within Config.Timeout, and at most
// Config.MaxRequests are answered at a time: 32 MiB by default. Of each log there are
// in memory the last checkpoint, and on the disk at most 16 evidence files and 4
// refused checkpoints. The server that the handler is mounted in must limit headers
// (http.Server.MaxHeaderBytes) and the time for them (ReadHeaderTimeout).
package witness
