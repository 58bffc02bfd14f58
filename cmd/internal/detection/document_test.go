package detection

import "sync"

var collecting sync.Mutex

func collect(results map[*row][]sighting, r *row, found []sighting) {
	collecting.Lock()
	defer collecting.Unlock()
	results[r] = found
}
