// Package client is a verifying client of a KEYTRANS directory over HTTP, and
// the state that such a client has to keep.
//
// A directory is pinned once, with Trust: its Configuration decides from then on
// what is believed. Every answer is verified against the pinned Configuration
// and against what was verified before (package keytrans); an answer that fails
// changes nothing that is stored. Lookup and History read a label, Own and
// Publish take and exercise ownership of one, and Watch does the monitoring that
// the protocol asks of both.
//
// CreateCredential, VerifyCredential and what updates credentials prove a label's
// value between people without the directory. CompareHeads holds what this client
// was shown of the log against what others were.
//
// A label can have an account key (package account), which signs its versions. Publish
// signs with it, RotateAccount and ResetAccount change it, and a version that it did not
// sign is refused by what looks labels up: see ErrUnsigned.
//
// What a result says is the finding of this program, on this machine, at that
// time: see Verdict. Without a witness policy it does not know whether others are
// shown the same log.
//
// With one (Config.Policy, or what Trust stored), each log entry that was verified
// is looked for, at its position, in the directory's public log, under a checkpoint
// that a quorum of the policy's witnesses has cosigned. Entries that are newer than
// that are pending until the next contact, for as long as Config.WitnessDelay
// allows. A policy with the quorum none asks for no witness: then it is the log's
// own checkpoint, and others may be shown another log. Whoever serves the public log
// learns from that which positions the client is interested in, and nothing of
// labels. What it serves proves itself: if it fails or does not verify, the verdict
// is withheld, and nobody accused. Two checkpoints of two histories, and a log entry
// that differs from what the directory showed under its signed head, are evidence.
//
// State lies in one private folder for each directory. It says whom its user
// talks to, so it is readable by its user only, and no file name tells a label.
// Whoever can write there can make the client believe anything. The state before the
// present one is kept: if the present one is damaged, the client goes back to it and
// says so (Client.Damage). If both are, it refuses to go on.
//
// What proves misbehaviour is kept there in the form of package keytrans/evidence,
// which others can check; what only this client can know is labelled a report. For
// the evidence, the exchanges are kept from which the client learned of a label.
//
// The package never imports the server's code.
package client
