package instance

import (
	"fmt"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// Suite is a cipher suite by its short name. It implements pflag.Value and
// encoding.TextUnmarshaler, as Duration and Lifetime do.
type Suite keytrans.CipherSuite

var suiteNames = map[Suite]string{
	Suite(keytrans.KT_128_SHA256_Ed25519): "ed25519",
	Suite(keytrans.KT_128_SHA256_P256):    "p256",
}

// String returns the short name.
func (s Suite) String() string {
	if name, ok := suiteNames[s]; ok {
		return name
	}
	return keytrans.CipherSuite(s).String()
}

// Set parses the short name.
func (s *Suite) Set(name string) error {
	for suite, n := range suiteNames {
		if n == name {
			*s = suite
			return nil
		}
	}
	return fmt.Errorf("suite: %q is not known; it is ed25519 or p256", name)
}

// Type names the kind of value.
func (s *Suite) Type() string { return "suite" }

// MarshalText implements encoding.TextMarshaler.
func (s Suite) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Suite) UnmarshalText(text []byte) error { return s.Set(string(text)) }

// Duration is a time.Duration of whole milliseconds, written as "1h30m".
type Duration time.Duration

// String returns the shortest form that parses to d.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Set parses a duration.
func (d *Duration) Set(s string) error {
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 || v%time.Millisecond != 0 {
		return fmt.Errorf("%q is not a duration in whole milliseconds, such as 1h30m", s)
	}
	*d = Duration(v)
	return nil
}

// Type names the kind of value.
func (d *Duration) Type() string { return "duration" }

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error { return d.Set(string(text)) }

func (d Duration) millis() uint64 { return uint64(time.Duration(d).Milliseconds()) }

// Lifetime is a Duration, or "none": 0.
type Lifetime Duration

const noLifetime = "none"

// String returns "none" or the duration.
func (l Lifetime) String() string {
	if l == 0 {
		return noLifetime
	}
	return Duration(l).String()
}

// Set parses a lifetime.
func (l *Lifetime) Set(s string) error {
	if s == noLifetime {
		*l = 0
		return nil
	}
	var d Duration
	if err := d.Set(s); err != nil {
		return fmt.Errorf("%w, or %s", err, noLifetime)
	}
	if d == 0 {
		return fmt.Errorf("a lifetime of 0; it is longer than the reasonable monitoring window, or %s", noLifetime)
	}
	*l = Lifetime(d)
	return nil
}

// Type names the kind of value.
func (l *Lifetime) Type() string { return "duration" }

// MarshalText implements encoding.TextMarshaler.
func (l Lifetime) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Lifetime) UnmarshalText(text []byte) error { return l.Set(string(text)) }
