// Package interop has tests of the public log with software that this project
// did not write: the tile reader of Go's checksum database (x/mod/sumdb/tlog), the
// client and the checker of Tessera, and the witness of transparency-dev. They
// run ktd and kt as processes and know nothing of their code.
//
// The package is a module of its own, so that what these programs depend on does
// not become a dependency of Ghostlight.
package interop
