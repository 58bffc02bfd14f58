// Package station runs everything that a configuration file asks of a monitor: for
// each directory the roles audit, watch and vantage, and one witness, each in rounds
// of its own. What the rounds find goes to a ledger, which tells people (package
// alert). A status page says what was checked, by which rule and up to where.
//
// # What is public
//
// Everything that is served: the status page and the page of each alert, status.json and
// events, the metrics, the feeds, evidence without labels, the audit view of each
// directory (package logview), the heads for other monitors, and the witness. Labels
// are in none of it; a label that is watched is called by its alias there.
//
// # Time
//
// Nothing is concluded from one clock: how long a condition lasts is measured
// between rounds. Silence is never misbehaviour.
package station
