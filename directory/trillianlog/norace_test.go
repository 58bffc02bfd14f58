//go:build !race

package trillianlog

const raceEnabled = false
