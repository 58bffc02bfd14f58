// Package vantage compares what one directory shows this monitor with what it shows
// others: by other ways to it, and to other monitors. A directory that shows two logs
// can keep each consistent in itself; only who has seen something of both can tell.
//
// # What is compared
//
// Of each other way, and of each peer, the recent distinguished heads (KEYTRANS,
// "Detecting Forks") as a newcomer is shown them, and the checkpoint of the public log
// if there is a witness policy. The same is done with what the directory shows a
// newcomer on the monitor's own way, and with what was kept of earlier rounds.
//
// Two signed heads, or two signed checkpoints, that contradict each other are evidence.
// Heads contradict each other visibly only where both logs have a subtree or a
// distinguished entry in common, so the directory is also asked to continue the older
// of the two logs to the newer one. That it does not is a report: an answer can have
// been damaged on the way. Between any two checkpoints there is a proof of the one or
// the other.
//
// # Gossip
//
// Monitors exchange Documents over HTTP: GET /gossip/ and the SHA-256 of the
// directory's Configuration, in hexadecimal. Whatever a peer sends, the worst that it
// can prove is its own: what the directory has not signed is never held against it.
//
// # What is kept
//
// One file, state.json, has the newest head and the largest checkpoint that were
// believed, so that a log that is smaller or another one after a restart is noticed,
// and the proof that was found. It is replaced durably before Round returns, and the one
// before stays as state.json.old. If the file is damaged, that is told, and the older
// one used; if both are, Open refuses. Evidence of checkpoints is in evidence/, that of
// heads in the client's folder.
//
// # Bounds
//
// A peer's answer has MaxDocumentSize bytes at most, and some peers are asked at a
// time. Of a log, a few tiles are read. What a directory answers is bounded by
// client.Config.MaxResponse. Servers that send slower than 16 KiB/s are given up. Of
// what others send, only evidence is stored, once for each of them.
package vantage
