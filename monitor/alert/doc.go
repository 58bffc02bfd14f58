// Package alert keeps what the roles of a monitor find out, and tells people of it.
//
// A [Ledger] compares each round of a role with what is known. What is new becomes
// an [Alert]: a durable record, a plain file, and one delivery to each [Sink].
// docs/alerts.md has the format of alerts and says what is promised of deliveries.
//
// # The folder
//
//	ledger/              the Pebble database that decides
//	alerts/ID.json       each alert, private form
//	evidence/ID.json     the copy of its evidence
//	acks/ID.json         its acknowledgement, see [WriteAck]
//	delivered/SINK.json  up to which alert a sink has delivered
//	alert-ids.key        makes the IDs of alerts
//
// Alert files and evidence are never changed. The database is written first, so that
// an alert file that it does not have says that it was damaged. It is then made again
// from the files.
//
// # Bounds
//
// In memory there are the conditions of one role at a time, at most
// Config.MaxConditions of some 200 bytes, the round that is recorded, and one alert
// for each sink. On disk, a role, rule, severity and directory add at most
// Config.MaxPerDay alerts in each day that the role observes, one for each
// finding.Finding.About beyond that, as many that resolve them, and one that sums up:
// whatever a directory does, that is some 2 MB a day, and a few kilobytes for each label
// that is watched, without evidence. Alerts
// are not removed, because what happened once is told once.
package alert
