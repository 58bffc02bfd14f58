package importer

import (
	"runtime"
	"strings"
	"sync"

	"github.com/ghostlight-kt/ghostlight/client/keyring"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// reportWeak names the weak keys of all entries, in their order. They are judged by
// several goroutines at a time, since signatures are verified for it.
func (im *run) reportWeak(entries []keyring.Entry) {
	const chunk = 256
	for len(entries) > 0 {
		part := entries[:min(chunk, len(entries))]
		entries = entries[len(part):]
		for i, keys := range describe(part) {
			for _, k := range keys {
				if len(k.Weak) > 0 {
					im.report(Item{Outcome: Weak, Label: part[i].Label, Item: k.Format + " " + k.Fingerprint, Reason: strings.Join(k.Weak, ", ")})
				}
			}
		}
	}
}

func describe(entries []keyring.Entry) [][]keyset.Description {
	all := make([][]keyset.Description, len(entries))
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				all[i] = entries[i].Set.Summary()
			}
		})
	}
	for i := range entries {
		next <- i
	}
	close(next)
	wg.Wait()
	return all
}
