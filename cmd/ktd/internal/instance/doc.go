// Package instance is one directory on one machine: the files that 'ktd init'
// creates, and the directory that runs on them.
//
//	config.json         settings and the public parameters of the log; see Config
//	signing.key         signs tree heads (mode 0600)
//	vrf.key             computes search keys (mode 0600)
//	checkpoint.key      signs checkpoints of the public log (mode 0600)
//	policy              which witnesses to ask, a C2SP tlog-policy; may be absent
//	tokens              hashes of the tokens that may write, one a line
//	registration-token  the first of these tokens itself (mode 0600)
//	db/                 the store
//	control.sock        where 'ktd serve' takes commands, while it runs (mode 0600)
//	evidence/           heads of the auditor that were refused; see docs/auditing.md
//	config.json.next    while 'ktd auditor' is at work
//
// A manager (role.go) has a link-token in the place of the registration-token. An
// operator (operator.go) has other keys and no log:
//
//	config.json         settings; see OperatorConfig
//	leaf.key, leaf.pub  signs new values (mode 0600), and its public key
//	link-token          a copy of the manager's (mode 0600)
//	tokens, registration-token, as above
//	db/                 what was signed
//	configuration       of the manager's log, pinned at the first start
//	evidence/           of the manager's misbehaviour
//
// Whoever can write to these files is the operator: nothing here defends
// against that. Who can read the keys can sign as the directory and undo
// the privacy of its labels, so files with looser permissions are refused.
package instance
