// Package scenario has the stories of ghosts: what is done to people by whoever runs
// their directory, what looks the same and is innocent, and what kt says of either. It
// consists of tests, which run real ktd and kt processes, one story in a file.
package scenario
