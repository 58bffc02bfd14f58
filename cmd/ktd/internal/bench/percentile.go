package bench

import (
	"slices"
	"time"
)

// result summarises a pass that has run.
func (l *lookupRun) result() Pass {
	slices.Sort(l.times)
	at := func(q float64) float64 {
		return micros(l.times[min(int(q*float64(len(l.times))), len(l.times)-1)])
	}
	return Pass{
		ProofsPerSecond: float64(len(l.times)) / l.took.Seconds(),
		P50:             at(0.50),
		P90:             at(0.90),
		P99:             at(0.99),
		Max:             micros(l.times[len(l.times)-1]),
		CPU:             micros(l.cpu) / float64(len(l.times)),
		bytes:           l.bytes.Load(),
	}
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
