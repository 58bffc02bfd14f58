package main

// The notes of the operations' files. caseNotes follow those of each.
var (
	searchNotes = []string{
		"Searches: the greatest version of a label, or the version that the request names. A SearchResponse decodes with the request, which decides whether it has a version field.",
		"expect.version, expect.value and, in mode 2, expect.value_signature are what was found. expect.terminal is the position of the search's terminal log entry. expect.must_monitor says that the terminal entry is to the right of every distinguished entry, so that in mode 1 the user has to monitor the label.",
	}
	contactNotes = []string{
		"Contact monitoring. The request's entries are state.contact.map.",
	}
	ownerInitNotes = []string{
		"Taking a label over, from the distinguished log entry that the request's start names.",
	}
	ownerMonitorNotes = []string{
		"Monitoring by a label's owner. The request follows from state: entries is state.owner.contact.map, start is state.owner.start and greatest_version the last version of state.owner.created, or state.owner.at_start if that is empty.",
		"expect.complete says that the rightmost distinguished entry was reached; if not, the log ended the proof before, which it may, and the owner asks again.",
	}
	updateNotes = []string{
		"Updates. response is one or more UpdateResponse structures, back to back: each is verified with the view and the owner's state that the one before leads to, and with greatest_version and last of the request as they are then. If one has no values, they are those of the request, and the structures after it answer a request without values.",
		"expect.updates has what each structure tells: the position of the entry that created versions, the first of these that has a value, the values of that and the following versions, how many versions below it were skipped (mode 2), and whether the response says that they are those that the request asked for.",
		"A refusal of any structure refuses the response.",
	}
	distinguishedNotes = []string{
		"Walks of the recent distinguished log entries. Recent are the 10 rightmost.",
		"expect.positions are the positions of the entries, from right to left.",
	}
	absenceNotes = []string{
		"Proofs that a label or a version does not exist: the extension \"ghostlight absence, version 1\" of docs/extensions.md, not the draft's.",
		"expect.greatest is the label's greatest version, which the one asked for is above; it is absent if the label has no version.",
	}
	batchNotes = []string{
		"Several searches of one state: the extension \"ghostlight batch, version 1\" of docs/extensions.md, not the draft's. An answer decodes with the query that it answers.",
		"expect.answers has the kind of each answer, with version and value of a search (kind 1), and greatest of an absence (kind 2), which is absent if the label has no version. The answers are fewer than the queries if the response stops early, which it may.",
	}
	caseNotes = []string{
		"logs has the encoded Configuration of each log. A case names its log. Logs of one name have one history, except where the name says more than the suite and mode.",
		"of: the case is as the one that it names, but for what it has itself. edits: its response is that of the case that of names, where for each edit remove bytes at offset are replaced by insert; offsets are those before any edit.",
		"request and response are the messages. A response decodes with the log's Configuration.",
		"clock is the user's clock, in milliseconds since the epoch.",
		"state is what the user has retained before. state.view: the size of the log, its root, the heads of its full subtrees and the log entries of its frontier, each from left to right; tree_size 0 is a user who has seen nothing, and whose request has no last. auditor_tree_size (mode 3) is the tree_size of the AuditorTreeHead that came with that head.",
		"state.contact: map is the monitoring map; keys has the search keys of the versions that monitoring ladders for it look up, and the commitments to those that exist. proven: a proof has shown the commitment in the log; without it, it is what a response claimed.",
		"state.owner: start is the rightmost distinguished entry that the owner verified, at_start the greatest version as of it (null if there is none), created the entries to its right that created versions, each with the greatest of them; claimed, if nothing has proven that yet. contact and keys are as above, keys for all that later ladders look up.",
		"expect is what the response establishes, and what the user retains from then on: view, contact, owner are as in state. refusal: the response must be refused and nothing changes; README.md explains the kinds.",
	}
)
