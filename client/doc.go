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
// What a result says is the finding of this program, on this machine, at that
// time: see Verdict. It does not know whether others are shown the same log.
// The protocol's answer to that, the comparison of heads by other channels and
// the cosignatures of witnesses, is not part of this package yet.
//
// State lies in one private folder for each directory. It says whom its user
// talks to, so it is readable by its user only, and no file name tells a label.
// Whoever can write there can make the client believe anything.
//
// The package never imports the server's code.
package client
