// Package agree has a test that gives random responses, of honest directories and
// of such as lie, as they are and mutated, to the verifier of package keytrans and to
// that of the TypeScript client (web/client): both have to come to the same.
package agree
