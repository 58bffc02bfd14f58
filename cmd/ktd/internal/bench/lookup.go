package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// LookupConfig describes a measurement of proving.
type LookupConfig struct {
	Dir      string // an instance with the workload's labels
	Labels   int    // how many
	Requests int    // in each of the four passes, at least 1
}

// LookupResult is how fast greatest-version searches are answered, by a
// directory whose caches are empty (cold) and by one that has answered the same
// searches before (warm).
type LookupResult struct {
	Machine
	Labels   int    `json:"labels"`
	TreeSize uint64 `json:"tree_size"`
	Requests int    `json:"requests"` // in each pass

	// The rates of the cold passes once more.
	OneCorePerSecond  float64 `json:"proofs_per_s_one_core"`
	AllCoresPerSecond float64 `json:"proofs_per_s"`

	Cold Passes `json:"cold"`
	Warm Passes `json:"warm"`

	ResponseBytes float64 `json:"response_bytes"` // mean
	Verified      int     `json:"verified"`       // responses that a client's code verified
	RSSBytes      int64   `json:"rss_bytes"`      // the process's peak
}

// Passes are the passes with one core and with all cores.
type Passes struct {
	OneCore  Pass `json:"one_core"`
	AllCores Pass `json:"all_cores"`
}

// Pass is one pass over the requests. Times are in microseconds, per request.
type Pass struct {
	ProofsPerSecond float64 `json:"proofs_per_s"`
	P50             float64 `json:"p50_us"`
	P90             float64 `json:"p90_us"`
	P99             float64 `json:"p99_us"`
	Max             float64 `json:"max_us"`
	CPU             float64 `json:"cpu_us"` // CPU time; 0 where the system does not tell

	bytes int64
}

// verifyEvery is of how many responses one is verified.
const verifyEvery = 100

// Lookup measures searches of uniformly random labels by users who have seen
// nothing yet.
func Lookup(ctx context.Context, cfg LookupConfig) (*LookupResult, error) {
	settings, err := instance.ReadConfig(cfg.Dir)
	if err != nil {
		return nil, err
	}
	resetPeak()
	r := &LookupResult{Machine: machine(settings.Suite), Labels: cfg.Labels, Requests: cfg.Requests}
	order := make([]int, cfg.Requests)
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range order {
		order[i] = random.IntN(cfg.Labels)
	}
	cores := runtime.GOMAXPROCS(1)
	err = r.measure(ctx, cfg, order, &r.Cold.OneCore, &r.Warm.OneCore)
	runtime.GOMAXPROCS(cores)
	if err != nil {
		return nil, err
	}
	if err := r.measure(ctx, cfg, order, &r.Cold.AllCores, &r.Warm.AllCores); err != nil {
		return nil, err
	}
	r.OneCorePerSecond, r.AllCoresPerSecond = r.Cold.OneCore.ProofsPerSecond, r.Cold.AllCores.ProofsPerSecond
	r.ResponseBytes = float64(r.Cold.AllCores.bytes) / float64(cfg.Requests)
	r.RSSBytes = peakMemory()
	return r, nil
}

// measure opens the directory, with empty caches, and runs two passes.
func (r *LookupResult) measure(ctx context.Context, cfg LookupConfig, order []int, cold, warm *Pass) (err error) {
	inst, err := open(cfg.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, inst.Close()) }()
	for _, pass := range []*Pass{cold, warm} {
		p, err := newRun(inst, order)
		if err != nil {
			return err
		}
		if err := p.run(ctx); err != nil {
			return err
		}
		*pass = p.result()
		if err := p.verify(); err != nil {
			return err
		}
		r.Verified += len(p.sample)
		r.TreeSize = p.tree
	}
	return nil
}

// lookupRun is one pass.
type lookupRun struct {
	inst   *instance.Instance
	config *keytrans.Configuration
	order  []int
	now    time.Time // of the tree head
	tree   uint64

	times  []time.Duration
	sample [][]byte // every verifyEvery-th response
	bytes  atomic.Int64
	took   time.Duration
	cpu    time.Duration
}

func newRun(inst *instance.Instance, order []int) (*lookupRun, error) {
	head, err := inst.Directory.Head()
	if err != nil {
		return nil, err
	}
	return &lookupRun{
		inst:   inst,
		config: inst.Directory.Configuration(),
		order:  order,
		now:    time.UnixMilli(int64(head.Rightmost.Timestamp)),
		tree:   head.TreeSize,
		times:  make([]time.Duration, len(order)),
		sample: make([][]byte, (len(order)+verifyEvery-1)/verifyEvery),
	}, nil
}

// run answers every request on all of the cores that Go may use.
func (l *lookupRun) run(ctx context.Context) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	errs := make([]error, workers)
	began, cpu := time.Now(), cpuTime()
	for w := range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(l.order) && errs[w] == nil; i = int(next.Add(1)) - 1 {
				errs[w] = l.answer(ctx, i)
			}
		})
	}
	wg.Wait()
	l.took, l.cpu = time.Since(began), cpuTime()-cpu
	return errors.Join(errs...)
}

// answer answers the i-th request.
func (l *lookupRun) answer(ctx context.Context, i int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q := &keytrans.SearchRequest{Label: label(l.order[i])}
	began := time.Now()
	response, err := l.inst.Directory.Search(ctx, q)
	if err != nil {
		return fmt.Errorf("searching for label %d: %w", l.order[i], err)
	}
	encoded, err := response.Marshal(l.config)
	if err != nil {
		return err
	}
	l.times[i] = time.Since(began)
	l.bytes.Add(int64(len(encoded)))
	if i%verifyEvery == 0 {
		l.sample[i/verifyEvery] = encoded
	}
	return nil
}

// verify verifies the sample as a client does, and the values.
func (l *lookupRun) verify() error {
	verifier, err := keytrans.NewVerifier(l.config)
	if err != nil {
		return err
	}
	for k, encoded := range l.sample {
		i := l.order[k*verifyEvery]
		q := &keytrans.SearchRequest{Label: label(i)}
		response, err := keytrans.ParseSearchResponse(l.config, q, encoded)
		if err != nil {
			return fmt.Errorf("the response for label %d: %w", i, err)
		}
		result, err := verifier.Search(&keytrans.View{}, q, response, l.now)
		if err != nil {
			return fmt.Errorf("the response for label %d: %w", i, err)
		}
		if !bytes.Equal(result.Value.Value, value(i)) {
			return fmt.Errorf("the response for label %d has another value than was published", i)
		}
	}
	return nil
}
