// Package count says how many there are of something, for people.
package count

import "fmt"

// Of returns n and what there are n of: one if n is 1, and many otherwise.
func Of[N int | int64 | uint64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
