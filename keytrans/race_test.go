//go:build race

package keytrans

const raceEnabled = true
