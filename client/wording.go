package client

import "github.com/ghostlight-kt/ghostlight/merkle/checkpoint"

// wording is what is said of a log and its checkpoints. Some of it is a format.
type wording struct {
	// Why entries are pending: no checkpoint is known, they were not found in
	// the one that is, or they are newer.
	unknown, missing, newer string
	// What is said of entries that are pending for too long: at which step, which
	// size the checkpoint has, or that there is none, and what to do.
	step, size, noSize, hint string
	// What it means that everything is settled: the verdict on the log, and the
	// last step of an explanation.
	settled, settledStep string
	// notYet says that one entry cannot be proven yet.
	notYet string
}

// witnessed is the wording under a quorum.
var witnessed = wording{
	unknown:     "not known to have been seen by the witnesses",
	missing:     "not known to be in the log that the witnesses have seen",
	newer:       "newer than what the witnesses have seen",
	step:        "checking the log against its witnesses",
	size:        "they have seen a log of %s",
	noSize:      "no state of the log with the quorum is known",
	hint:        "the directory may be showing you another log than the witnesses, or its log or the witnesses may be down: try again later, also from another network, and ask the directory's operator",
	settled:     "every log entry that this client relies on is in the log of %s that the witnesses have seen",
	settledStep: "Every log entry that the proof relies on is there, at its position: others who trust these witnesses are shown the same.",
	notYet:      "the witnesses have not seen log entry %d yet",
}

// unwitnessed is the wording under checkpoint.QuorumNone: a checkpoint is the
// log's own word, whoever else has signed it.
var unwitnessed = wording{
	unknown:     "not known to be in any checkpoint of the log",
	missing:     "not known to be in the log's checkpoint",
	newer:       "newer than the log's checkpoint",
	step:        "checking the log against its checkpoint",
	size:        "that one has %s",
	noSize:      "no checkpoint of the log is known",
	hint:        "the directory may be showing you another log than it publishes, or its log may be down: try again later, also from another network, and ask the directory's operator",
	settled:     "every log entry that this client relies on is in the log's own checkpoint of %s; no witness is required, so others may be shown another log",
	settledStep: "Every log entry that the proof relies on is there, at its position. The policy requires no witness to have seen that, so others may be shown another log.",
	notYet:      "the log's checkpoint does not have log entry %d yet",
}

// wordingOf returns the wording under a quorum.
func wordingOf(quorum string) *wording {
	if quorum == checkpoint.QuorumNone {
		return &unwitnessed
	}
	return &witnessed
}
