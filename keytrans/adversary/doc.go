// Package adversary is a dishonest directory, for tests. It holds the real keys,
// and whatever it shows is signed with them: what it lies in are the log's
// entries, what it says of a label, and its answers.
//
// Attacks is the table of what it tries. Each row says what would be gained, who
// notices, and by which check. What one victim alone cannot notice is in the
// table, too, with those who can: a directory that shows a fork to a newcomer, for
// one.
//
// A row is run with Attack.Run. Whoever tests something else than package
// keytrans takes the Directory that Attack.Make returns and puts it where the
// honest one was: until then, everybody has seen World.Log.
package adversary
