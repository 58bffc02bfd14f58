package account

import "errors"

// Errors that callers act on.
var (
	// ErrAlgorithm is wrapped by errors about an account key whose algorithm this
	// package does not know: not damaged, but newer.
	ErrAlgorithm = errors.New("account: unknown account key algorithm")
	// ErrSignature is wrapped by the error for a signature that does not verify.
	ErrSignature = errors.New("account: signature does not verify")
)

var (
	errMalformed = errors.New("account: malformed")
	errKey       = errors.New("account: not usable as an account key")
	errUsage     = errors.New("account: cannot sign")
)
