// Package account is a stand-in for the types that package roster needs of it.
package account

// Status says how a version stands to the one before it.
type Status string

// Algorithm of an account key.
type Algorithm uint8

// Key is an account key.
type Key struct {
	Algorithm Algorithm
	Public    string
}
