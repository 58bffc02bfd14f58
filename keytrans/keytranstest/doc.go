// Package keytranstest has a KEYTRANS log in memory, for tests. A Log keeps
// every state that it ever had, in any cipher suite and deployment mode. All of
// it follows from a seed: keys, openings, signatures and padding.
//
// A Log does what it is told. It signs entries that an honest log would never
// have, since what is done about those is what most tests are for.
//
// Nothing in this package is safe for concurrent use, but forks of a Log do not
// get in each other's way. Nothing is meant for anything but tests: it panics if it
// is used wrongly.
package keytranstest
