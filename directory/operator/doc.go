// Package operator is the Service Operator of a log that a third party manages:
// KEYTRANS, "Third Parties", "Management". It decides who may write, signs each
// new value for one version of its label, and forwards all requests to the
// Third-Party Manager, who stores them and signs heads.
//
// # One value for each version
//
// Users rely on the operator for that. What is signed is stored durably before
// it is forwarded, and a version that was signed once is never signed again: not
// after a crash, and not if the manager never got it. If it is not known what
// became of a request, the same values are sent with the same signatures; other
// values get the versions after them, and the manager skips those between.
//
// The store must therefore never be replaced by an older copy of itself.
//
// # No fork
//
// The operator follows the log as a client does, with what package keytrans
// verifies, and forwards no answer under a head that it knows not to be of that
// log, or to be older than what the manager has shown it. What proves that the
// manager shows two logs is kept, and nothing is forwarded any more.
//
// It does not verify the answers themselves. Users do.
package operator
