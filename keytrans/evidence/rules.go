package evidence

// The rules that evidence shows to be broken.
const (
	ruleAppendOnly = `KEYTRANS, "Updating Views of the Tree": a log contains all log entries that it has shown before`
	ruleMonotonic  = `KEYTRANS, "Updating Views of the Tree": the timestamps of log entries never fall`
	ruleKeeps      = `KEYTRANS, "Monitoring the Tree": searches for a version of a label continue to produce the same result`
	ruleAuthorized = `KEYTRANS, "Update Format": every value has the Service Operator's signature`
	ruleOneHead    = `KEYTRANS, "Tree Head Signature": a log of one size has one root`
	ruleCheckpoint = `C2SP tlog-checkpoint and RFC 6962, "Merkle Consistency Proofs": a log's later checkpoints continue the earlier ones`
	ruleLeavesStay = `Ghostlight, docs/log.md, "Changes": a leaf of the prefix tree stays, and its commitment never changes`
	ruleOneHistory = `Ghostlight, docs/log.md: the public log has the very log entries that the directory signs`
)
