// Package detection finds out who notices a dishonest directory. Its test plays the
// directory, over HTTP on the loopback interface, and runs the real kt and ktmon
// against it: users, monitors, auditors and witnesses, each a process. Every attack
// is a row of a table, and every row is played twice, the second time by an honest
// directory, of which nobody may notice anything.
//
// What comes out is docs/detection.md. The test fails if that file says something
// else; with -update, it writes it.
package detection
