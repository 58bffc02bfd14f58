// Package vectors reads and writes the project's test vectors, the JSON files in
// testdata/vectors, whose README.md says how to use them. It has the types of the
// files, and verifies what an operation's case holds as a user does.
//
// The package is for the generator (keytrans/internal/genvectors) and for tests.
package vectors
