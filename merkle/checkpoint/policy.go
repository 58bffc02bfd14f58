package checkpoint

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Policy says which logs are known and which sets of witnesses are enough (C2SP
// tlog-policy). It is safe for concurrent use and not modified.
type Policy struct {
	// Logs may sign a checkpoint; there may be none.
	Logs []Log
	// Witnesses are those that the policy defines, in its order.
	Witnesses []Witness

	text    string
	quorum  string
	groups  map[string]group
	members map[string]bool // names that are already in a group
}

// Log is a log that a policy knows.
type Log struct {
	// Origin is the origin line of its checkpoints, and the name of its key.
	Origin string
	// VerifierKey is its key, a vkey of C2SP signed-note.
	VerifierKey string
	// URL is where its tiles are, nil if the policy does not say.
	URL *url.URL

	key verifierKey
}

// Witness is a witness that a policy knows.
type Witness struct {
	// Name is what the policy calls it. It has no meaning elsewhere.
	Name string
	// VerifierKey is its key, a vkey of C2SP signed-note.
	VerifierKey string
	// URL is the submission prefix of C2SP tlog-witness, nil if the policy does
	// not say.
	URL *url.URL

	key verifierKey
}

// group is satisfied if at least threshold of its members are.
type group struct {
	threshold int
	members   []string
}

// Limits of a policy. C2SP tlog-policy recommends to support at least 32 logs,
// witnesses and groups. A note can have 100 signatures, of which one is the log's.
const (
	MaxPolicySize = 1 << 20
	maxPolicyPart = 256
	maxWitnesses  = 99
)

// QuorumNone is the quorum of a policy that requires no witness.
const QuorumNone = "none"

// ParsePolicy parses a policy file. The error wraps ErrMalformed and names the
// line.
func ParsePolicy(data []byte) (*Policy, error) {
	if len(data) > MaxPolicySize {
		return nil, fmt.Errorf("%w policy: it has more than %d bytes", ErrMalformed, MaxPolicySize)
	}
	p := &Policy{text: string(data), groups: make(map[string]group), members: make(map[string]bool)}
	for i, line := range strings.Split(string(data), "\n") {
		if err := p.parseLine(line); err != nil {
			return nil, fmt.Errorf("%w policy: line %d: %w", ErrMalformed, i+1, err)
		}
	}
	if p.quorum == "" {
		return nil, fmt.Errorf("%w policy: it has no quorum line; 'quorum none' requires no witness", ErrMalformed)
	}
	return p, nil
}

func (p *Policy) parseLine(line string) error {
	// SPEC: The only allowed control characters are tab and newline.
	for _, c := range []byte(line) {
		if c < 0x20 && c != '\t' || c == 0x7f {
			return fmt.Errorf("it has the control character 0x%02x", c)
		}
	}
	// SPEC: "whitespace" means sequences of ASCII space and tab characters only.
	fields := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
	if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
		return nil
	}
	switch args := fields[1:]; fields[0] {
	case "log":
		return p.addLog(args)
	case "witness":
		return p.addWitness(args)
	case "group":
		return p.addGroup(args)
	case "quorum":
		return p.setQuorum(args)
	}
	return fmt.Errorf("%q is none of log, witness, group and quorum", fields[0])
}

func (p *Policy) addLog(args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return errors.New("it should be: log VKEY [URL]")
	}
	if len(p.Logs) == maxPolicyPart {
		return fmt.Errorf("there are more than %d logs", maxPolicyPart)
	}
	key, err := parseLogKey(args[0])
	if err != nil {
		return err
	}
	if err := p.checkUnique(key); err != nil {
		return err
	}
	u, err := parseURL(args[1:])
	if err != nil {
		return err
	}
	p.Logs = append(p.Logs, Log{Origin: key.Name(), VerifierKey: args[0], URL: u, key: key})
	return nil
}

func (p *Policy) addWitness(args []string) error {
	if len(args) < 2 || len(args) > 3 {
		return errors.New("it should be: witness NAME VKEY [URL]")
	}
	if len(p.Witnesses) == maxWitnesses {
		return fmt.Errorf("there are more than %d witnesses, which is as many as can sign a checkpoint", maxWitnesses)
	}
	if err := p.checkNew(args[0]); err != nil {
		return err
	}
	key, err := parseWitnessKey(args[1])
	if err != nil {
		return err
	}
	if err := p.checkUnique(key); err != nil {
		return err
	}
	u, err := parseURL(args[2:])
	if err != nil {
		return err
	}
	p.Witnesses = append(p.Witnesses, Witness{Name: args[0], VerifierKey: args[1], URL: u, key: key})
	return nil
}

// checkUnique refuses a key that is in the policy already: by its bytes, whatever
// its name, and by name and key ID, by which signatures find their key.
func (p *Policy) checkUnique(key verifierKey) error {
	for _, k := range p.keys() {
		if k.public == key.public || k.Name() == key.Name() && k.KeyHash() == key.KeyHash() {
			return errors.New("this key is in the policy already")
		}
	}
	return nil
}

func (p *Policy) keys() []verifierKey {
	var out []verifierKey
	for i := range p.Logs {
		out = append(out, p.Logs[i].key)
	}
	for i := range p.Witnesses {
		out = append(out, p.Witnesses[i].key)
	}
	return out
}

func (p *Policy) checkNew(name string) error {
	if name == QuorumNone || p.defined(name) {
		return fmt.Errorf("the name %q is taken", name)
	}
	return nil
}

func (p *Policy) defined(name string) bool {
	_, isGroup := p.groups[name]
	return isGroup || p.witness(name) != nil
}

func (p *Policy) witness(name string) *Witness {
	for i := range p.Witnesses {
		if p.Witnesses[i].Name == name {
			return &p.Witnesses[i]
		}
	}
	return nil
}

func (p *Policy) addGroup(args []string) error {
	if len(args) < 3 {
		return errors.New("it should be: group NAME all|any|K MEMBER [MEMBER ...]")
	}
	if len(p.groups) == maxPolicyPart {
		return fmt.Errorf("there are more than %d groups", maxPolicyPart)
	}
	if err := p.checkNew(args[0]); err != nil {
		return err
	}
	g := group{members: args[2:]}
	switch args[1] {
	case "all":
		g.threshold = len(g.members)
	case "any":
		g.threshold = 1
	default:
		k, err := strconv.ParseUint(args[1], 10, 16)
		if err != nil || k < 1 || k > uint64(len(g.members)) {
			return fmt.Errorf("the threshold %q is not all, any, or from 1 to %d", args[1], len(g.members))
		}
		g.threshold = int(k)
	}
	for _, m := range g.members {
		if !p.defined(m) {
			return fmt.Errorf("%q is not defined before", m)
		}
		// SPEC: Each defined name can be listed as a group member at most once.
		if p.members[m] {
			return fmt.Errorf("%q is a group's member already", m)
		}
		p.members[m] = true
	}
	p.groups[args[0]] = g
	return nil
}

func (p *Policy) setQuorum(args []string) error {
	switch {
	case len(args) != 1:
		return errors.New("it should be: quorum NAME")
	case p.quorum != "":
		return errors.New("there is a quorum already")
	case args[0] != QuorumNone && !p.defined(args[0]):
		return fmt.Errorf("%q is not defined before", args[0])
	}
	p.quorum = args[0]
	return nil
}

func parseURL(args []string) (*url.URL, error) {
	if len(args) == 0 {
		return nil, nil
	}
	u, err := url.Parse(args[0])
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q is not an http or https URL without user, query and fragment", args[0])
	}
	return u, nil
}

// Text returns the policy file that was parsed.
func (p *Policy) Text() string { return p.text }

// Quorum returns the name of the witness or group that has to witness a
// checkpoint, QuorumNone if none has.
func (p *Policy) Quorum() string { return p.quorum }

// IsQuorum reports whether the witnesses of the given names are enough.
func (p *Policy) IsQuorum(names []string) bool {
	has := make(map[string]bool)
	for _, n := range names {
		has[n] = true
	}
	return p.satisfied(has)
}

// satisfied reports whether the witnesses of which has is true are a quorum.
func (p *Policy) satisfied(has map[string]bool) bool {
	return p.quorum == QuorumNone || p.witnessed(p.quorum, has)
}

// witnessed reports whether a witness or group has witnessed. Groups refer only
// to what is defined before them and nothing is a member twice, so that it
// takes one step for each.
func (p *Policy) witnessed(name string, has map[string]bool) bool {
	g, isGroup := p.groups[name]
	if !isGroup {
		return has[name]
	}
	n := 0
	for _, m := range g.members {
		if p.witnessed(m, has) {
			n++
		}
	}
	return n >= g.threshold
}
