// Package vantage is the role of a monitor that looks at one directory from several
// places: it holds the directory's heads and the checkpoints of its public log
// against those that it saw before, those on other routes, and those that other
// monitors were shown.
//
// # What is compared
//
// Distinguished heads (KEYTRANS, "Detecting Forks") are reference points that all
// users of a directory have in common; those that the directory signed are
// evidence if they contradict each other. Checkpoints (C2SP tlog-checkpoint) prove
// more: of any two it can be computed from the tiles of the larger one whether it
// continues the smaller one. They take a policy, which names the log's key.
//
// # Whom it believes
//
// Nobody: a route, a proxy and another monitor are believed as far as the
// directory or its log has signed what they say. What else they say is a report
// about them.
//
// # What it tells others
//
// [Gossip] serves what the last round verified: heads and a checkpoint, which the
// directory tells everybody, and no labels.
//
// # Bounds
//
// A round asks each route for one answer of the protocol, a checkpoint and the
// tiles on two paths of the tree, and each peer for one document of at most
// MaxGossip bytes. The folder has two generations of one checkpoint, and at most
// MaxEvidence evidence files.
package vantage
