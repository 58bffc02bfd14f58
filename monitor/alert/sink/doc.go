// Package sink delivers alerts: as lines of JSON, to a webhook, by e-mail, and to a
// program. docs/alerts.md has an example of each.
//
// The texts of an alert can come from a dishonest directory. In headers and in the
// environment of programs they are one line of printable characters, whatever they
// were.
package sink
