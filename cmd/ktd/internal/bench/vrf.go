package bench

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
)

// vrfRate is how many search keys of the workload's labels all cores compute a
// second, and what CPU time one takes.
type vrfRate struct {
	perSecond, cpuMicros float64
}

// measureVRF computes search keys for at least the given time.
func measureVRF(key vrf.PrivateKey, labels int, d time.Duration) vrfRate {
	var next, done atomic.Int64
	var wg sync.WaitGroup
	began, cpu := time.Now(), cpuTime()
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			n := int64(0)
			for time.Since(began) < d {
				i := int(next.Add(1)-1) % labels
				alpha, err := keytrans.VRFInput(label(i), 0)
				if err != nil {
					panic("bench: a label of the workload is too long")
				}
				key.Evaluate(alpha)
				n++
			}
			done.Add(n)
		})
	}
	wg.Wait()
	return vrfRate{
		perSecond: float64(done.Load()) / time.Since(began).Seconds(),
		cpuMicros: micros(cpuTime()-cpu) / float64(done.Load()),
	}
}
