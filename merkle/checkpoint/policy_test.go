package checkpoint

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// vkeys are verifier keys for policies, by letter: L, M, N of logs, A to Z without
// these of witnesses.
func vkeys() map[string]string {
	out := make(map[string]string)
	for c := 'A'; c <= 'Z'; c++ {
		name := "key.example/" + string(c)
		algorithm := byte(4)
		if strings.ContainsRune("LMN", c) {
			algorithm = 1
		}
		out[string(c)] = vkeyOf(name, algorithm, seedOf(name))
	}
	return out
}

// expand replaces <A> by the verifier key A.
func expand(policy string) string {
	for c, vkey := range vkeys() {
		policy = strings.ReplaceAll(policy, "<"+c+">", vkey)
	}
	return policy
}

// specPolicy is the example of C2SP tlog-policy, with keys.
const specPolicy = `log <L>

witness X1 <A>
witness X2 <B>
witness X3 <C>
group X-witnesses 2 X1 X2 X3

witness Y1 <D>
witness Y2 <E>
witness Y3 <F>
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`

// subsets calls f for each set of the names.
func subsets(names []string, f func(map[string]bool)) {
	for bits := range 1 << len(names) {
		has := make(map[string]bool)
		for i, name := range names {
			if bits>>i&1 == 1 {
				has[name] = true
			}
		}
		f(has)
	}
}

func TestPolicySpec(t *testing.T) {
	p := mustParse(t, expand(specPolicy))
	if len(p.Logs) != 1 || p.Logs[0].Origin != "key.example/L" || p.Logs[0].VerifierKey != vkeys()["L"] || p.Logs[0].URL != nil {
		t.Errorf("%+v", p.Logs)
	}
	var names []string
	for i, w := range p.Witnesses {
		names = append(names, w.Name)
		if w.VerifierKey != vkeys()[string("ABCDEF"[i])] || w.URL != nil {
			t.Errorf("%+v", w)
		}
	}
	if !slices.Equal(names, []string{"X1", "X2", "X3", "Y1", "Y2", "Y3"}) || p.Quorum() != "X-and-Y" {
		t.Errorf("%v, %s", names, p.Quorum())
	}
	// Valid cosignatures from at least two of the X-witnesses, and from at least
	// one of the Y-witnesses.
	subsets(names, func(has map[string]bool) {
		n := map[byte]int{}
		for name := range has {
			n[name[0]]++
		}
		if got, want := p.satisfied(has), n['X'] >= 2 && n['Y'] >= 1; got != want {
			t.Errorf("%v: %v", has, got)
		}
	})
}

func TestPolicies(t *testing.T) {
	for name, test := range map[string]struct {
		policy          string
		logs, witnesses int
		quorum          string
	}{
		"the least":                {"quorum none", 0, 0, "none"},
		"a newline at the end":     {"quorum none\n", 0, 0, "none"},
		"empty lines":              {"\n\n \n\t\n \t \nquorum none\n\n\n \t", 0, 0, "none"},
		"whitespace":               {"  quorum\t \tnone \t \n", 0, 0, "none"},
		"tabs":                     {"\tlog\t<L>\t\n\twitness\tw\t<A>\thttps://w.example/\t\n\tgroup\tg\tany\tw\t\nquorum\tg\t", 1, 1, "g"},
		"comments":                 {"# <L>\n#quorum x\n \t# log\n##\n#\nquorum none\n#\x80\xff \tü", 0, 0, "none"},
		"a log":                    {"log <L>\nquorum none", 1, 0, "none"},
		"logs":                     {"log <L>\nlog <M> https://m.example/\nlog <N>\nquorum none", 3, 0, "none"},
		"a witness":                {"witness w <A>\nquorum w", 0, 1, "w"},
		"a witness not asked":      {"witness w <A>\nquorum none", 0, 1, "none"},
		"the quorum first":         {"quorum none\nlog <L>\nwitness w <A>\ngroup g any w", 1, 1, "none"},
		"more after the quorum":    {"witness w <A>\nquorum w\nwitness v <B>\nlog <L>\ngroup g all v w", 1, 2, "w"},
		"a group of one":           {"witness w <A>\ngroup g 1 w\nquorum g", 0, 1, "g"},
		"a group of one, all":      {"witness w <A>\ngroup g all w\nquorum g", 0, 1, "g"},
		"a group of groups":        {"witness w <A>\ngroup g any w\ngroup h any g\ngroup i any h\nquorum i", 0, 1, "i"},
		"a member as quorum":       {"witness w <A>\ngroup g any w\ngroup h any g\nquorum g", 0, 1, "g"},
		"members mixed":            {"witness w <A>\nwitness v <B>\ngroup g any w\ngroup h 2 v g\nquorum h", 0, 2, "h"},
		"keywords as names":        {"witness all <A>\nwitness any <B>\nwitness 2 <C>\ngroup quorum all all any 2\ngroup witness any quorum\nquorum witness", 0, 3, "witness"},
		"names of a key":           {"witness key.example/A <A>\nquorum key.example/A", 0, 1, "key.example/A"},
		"a name with # and +":      {"witness w#+ <A>\nquorum w#+", 0, 1, "w#+"},
		"a name that begins with#": {"witness #w <A>\nquorum #w", 0, 1, "#w"},
		"names in UTF-8":           {"witness ü <A>\nwitness \u212a <B>\nwitness K <C>\ngroup k all \u212a K\nquorum k", 0, 3, "k"},
		"names of other bytes":     {"witness \xff <A>\nwitness \x80 <B>\ngroup \xc3 all \xff \x80\nquorum \xc3", 0, 2, "\xc3"},
		"spaces of other kinds":    {"witness a\u00a0b <A>\nwitness \u2003 <B>\nwitness \u0085 <C>\nquorum \u2003", 0, 3, "\u2003"},
		"None is not none":         {"witness None <A>\nquorum None", 0, 1, "None"},
		"URLs":                     {"log <L> http://localhost:8080\nwitness w <A> https://w.example/a/b/\nwitness v <B> http://[::1]:9/\nquorum w", 1, 2, "w"},
		"an international URL":     {"witness w <A> https://zeuge.exämple/ü\nquorum w", 0, 1, "w"},
		"a log named as a witness": {"log " + vkeyOf("key.example/A", 1, seedOf("L")) + "\nwitness w <A>\nquorum w", 1, 1, "w"},
	} {
		p, err := ParsePolicy([]byte(expand(test.policy)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(p.Logs) != test.logs || len(p.Witnesses) != test.witnesses || p.Quorum() != test.quorum {
			t.Errorf("%s: %d logs, %d witnesses, quorum %q", name, len(p.Logs), len(p.Witnesses), p.Quorum())
		}
	}
	p := mustParse(t, expand("log <L> https://l.example/a\nwitness w <A> https://w.example/b/\nwitness v <B>\nquorum none"))
	if p.Logs[0].URL.String() != "https://l.example/a" || p.Witnesses[0].URL.String() != "https://w.example/b/" || p.Witnesses[1].URL != nil {
		t.Errorf("%v, %v", p.Logs[0].URL, p.Witnesses[0].URL)
	}
}

func TestPoliciesRefused(t *testing.T) {
	_, mldsa := mldsaVKeys()
	// copyOf has the public key of A under another name or for another purpose.
	copyOf := func(name string, algorithm byte) string { return vkeyOf(name, algorithm, seedOf("key.example/A")) }
	sameID := func(seed string) string { return vkeyOf("key.example/same", 4, seedOf("same"+seed)) }
	for name, test := range map[string]struct {
		policy string
		line   int // 0 if the error is none of a line
		want   string
	}{
		"empty":                     {"", 0, "no quorum line"},
		"empty lines":               {"\n\n", 0, "no quorum line"},
		"no quorum":                 {"log <L>\nwitness w <A>\ngroup g any w\n", 0, "no quorum line"},
		"a quorum in a comment":     {"#quorum none", 0, "no quorum line"},
		"two quorums":               {"quorum none\nquorum none", 2, "quorum already"},
		"two different quorums":     {"witness w <A>\nquorum w\n\nquorum none", 4, "quorum already"},
		"a quorum of nothing":       {"quorum", 1, "quorum NAME"},
		"a quorum of two":           {"witness w <A>\nwitness v <B>\nquorum w v", 3, "quorum NAME"},
		"a comment behind":          {"quorum none # none", 1, "quorum NAME"},
		"a quorum not defined":      {"quorum w", 1, `"w" is not defined`},
		"a quorum defined later":    {"quorum w\nwitness w <A>", 1, `"w" is not defined`},
		"a quorum of a log":         {"log <L>\nquorum key.example/L", 2, "is not defined"},
		"a quorum of a key":         {"witness w <A>\nquorum <A>", 2, "is not defined"},
		"a quorum of a key's name":  {"witness w <A>\nquorum key.example/A", 2, "is not defined"},
		"a quorum of a number":      {"witness w <A>\nquorum 1", 2, `"1" is not defined`},
		"a quorum of all":           {"witness w <A>\nquorum all", 2, `"all" is not defined`},
		"a quorum in upper case":    {"quorum NONE", 1, `"NONE" is not defined`},
		"a name in another case":    {"witness w <A>\nquorum W", 2, `"W" is not defined`},
		"K and the Kelvin sign":     {"witness \u212a <A>\nquorum K", 2, `"K" is not defined`},
		"a name composed":           {"witness \u00fc <A>\nquorum u\u0308", 2, "is not defined"},
		"an unknown keyword":        {"\n\nwitnesses w <A>\nquorum none", 3, `"witnesses" is none of`},
		"a keyword in upper case":   {"Quorum none", 1, `"Quorum" is none of`},
		"a keyword with a colon":    {"quorum: none", 1, `"quorum:" is none of`},
		"no keyword":                {"<L>\nquorum none", 1, "is none of"},
		"a comment of two slashes":  {"// policy\nquorum none", 1, `"//" is none of`},
		"a no-break space":          {"quorum\u00a0none", 1, "is none of"},
		"a no-break space first":    {"\u00a0quorum none", 1, "is none of"},
		"a byte order mark":         {"\ufeffquorum none", 1, "is none of"},
		"a NUL":                     {"quorum none\n\x00", 2, "control character 0x00"},
		"a NUL in a comment":        {"quorum none\n# \x00", 2, "control character 0x00"},
		"a return":                  {"quorum none\r\n", 1, "control character 0x0d"},
		"a return in an empty line": {"quorum none\n\r\n", 2, "control character 0x0d"},
		"a vertical tab":            {"quorum\vnone", 1, "control character 0x0b"},
		"a form feed":               {"quorum\fnone", 1, "control character 0x0c"},
		"an escape":                 {"# \x1b[2K\nquorum none", 1, "control character 0x1b"},
		"0x1f":                      {"# \x1f\nquorum none", 1, "control character 0x1f"},
		"a delete":                  {"# \x7f\nquorum none", 1, "control character 0x7f"},
		"a delete in a name":        {"witness w\x7f <A>\nquorum none", 1, "control character 0x7f"},

		"a log of nothing":           {"log", 1, "log VKEY [URL]"},
		"a log of three":             {"log <L> https://l.example/ x", 1, "log VKEY [URL]"},
		"a log with a name":          {"log l <L>", 1, "NAME+KEYID+KEY"},
		"a log with a comment":       {"log <L> #l", 1, `"#l" is not an http`},
		"a log's key for a witness":  {"log <A>", 1, "a log's key must be"},
		"a log's key of ML-DSA":      {"log " + mldsa[0], 1, "this one has type 6"},
		"a log's key of ECDSA":       {"log " + vkeyOf("l", 2, make([]byte, 91)), 1, "type 2 is not supported"},
		"a log's key with a typo":    {"log " + strings.Replace(vkeys()["L"], "/L", "/l", 1), 1, "invalid verifier hash"},
		"a log twice":                {"log <L>\nlog <L>\nquorum none", 2, "already"},
		"a log twice, with URL":      {"log <L>\nlog <M>\n#\nlog <L> https://l.example/\nquorum none", 4, "already"},
		"a log's key, another name":  {"log " + vkeyOf("a", 1, seedOf("x")) + "\nlog " + vkeyOf("b", 1, seedOf("x")), 2, "already"},
		"a witness of nothing":       {"witness", 1, "witness NAME VKEY"},
		"a witness without key":      {"witness w", 1, "witness NAME VKEY"},
		"a witness without name":     {"witness <A>", 1, "witness NAME VKEY"},
		"a witness, the key first":   {"witness <A> w", 1, "NAME+KEYID+KEY"},
		"a witness of four":          {"witness w <A> https://w.example/ x", 1, "witness NAME VKEY"},
		"a witness named none":       {"witness none <A>", 1, `"none" is taken`},
		"a witness's name twice":     {"witness w <A>\nwitness w <B>", 2, `"w" is taken`},
		"a witness, of a group":      {"witness w <A>\ngroup g any w\nwitness g <B>", 3, `"g" is taken`},
		"a witness's key of a log":   {"witness w <L>", 1, "this one is for plain signatures"},
		"a witness's key, no cosign": {"witness w " + copyOf("w", 1), 1, "this one is for plain signatures"},
		"a witness's key with typo":  {"witness w " + strings.Replace(vkeys()["A"], "/A", "/a", 1), 1, "does not fit"},
		"a witness's key twice":      {"witness w <A>\nwitness v <A>", 2, "already"},
		"a key, another key name":    {"witness w <A>\nwitness v " + copyOf("other", 4), 2, "already"},
		"a witness's key, of a log":  {"log " + copyOf("log", 1) + "\nwitness w <A>", 2, "already"},
		"a log's key, of a witness":  {"witness w <A>\nlog " + copyOf("log", 1), 2, "already"},
		// The same name and key ID, found by trial: signatures do not tell them apart.
		"a key ID twice":      {"witness w " + sameID("106347") + "\nwitness v " + sameID("148365"), 2, "already"},
		"an ML-DSA key twice": {"witness w " + mldsa[0] + "\nwitness v " + mldsa[0], 2, "already"},

		"a group of nothing":          {"group", 1, "group NAME"},
		"a group of a name":           {"group g", 1, "group NAME"},
		"a group without members":     {"group g any", 1, "group NAME"},
		"a group of all of none":      {"group g all", 1, "group NAME"},
		"a group of 0":                {"group g 0", 1, "group NAME"},
		"a group without threshold":   {"witness w <A>\nwitness v <B>\ngroup g w v", 3, `the threshold "w"`},
		"a group named none":          {"witness w <A>\ngroup none any w", 2, `"none" is taken`},
		"a group named as a witness":  {"witness w <A>\ngroup w any w", 2, `"w" is taken`},
		"a group's name twice":        {"witness w <A>\nwitness v <B>\ngroup g any w\ngroup g any v", 4, `"g" is taken`},
		"a threshold of 0":            {"witness w <A>\ngroup g 0 w", 2, `the threshold "0" is not all, any, or from 1 to 1`},
		"a threshold of n + 1":        {"witness w <A>\nwitness v <B>\ngroup g 3 w v", 3, `the threshold "3" is not all, any, or from 1 to 2`},
		"a negative threshold":        {"witness w <A>\ngroup g -1 w", 2, `the threshold "-1"`},
		"a threshold with a plus":     {"witness w <A>\ngroup g +1 w", 2, `the threshold "+1"`},
		"a hexadecimal threshold":     {"witness w <A>\ngroup g 0x1 w", 2, `the threshold "0x1"`},
		"a threshold that overflows":  {"witness w <A>\ngroup g 65537 w", 2, `the threshold "65537"`},
		"a threshold of 2^64 + 1":     {"witness w <A>\ngroup g 18446744073709551617 w", 2, "the threshold"},
		"a fraction":                  {"witness w <A>\ngroup g 1.0 w", 2, "the threshold"},
		"digits of another kind":      {"witness w <A>\ngroup g \u0661 w", 2, "the threshold"},
		"ALL":                         {"witness w <A>\ngroup g ALL w", 2, `the threshold "ALL"`},
		"a member not defined":        {"witness w <A>\ngroup g any w v", 2, `"v" is not defined`},
		"a member defined later":      {"group g any w\nwitness w <A>", 1, `"w" is not defined`},
		"a group in itself":           {"witness w <A>\ngroup g any w g", 2, `"g" is not defined`},
		"groups in a circle":          {"group g any h\ngroup h any g", 1, `"h" is not defined`},
		"none as a member":            {"witness w <A>\ngroup g any w none", 2, `"none" is not defined`},
		"a log as a member":           {"log <L>\ngroup g any key.example/L", 2, "is not defined"},
		"a member twice":              {"witness w <A>\ngroup g 2 w w", 2, `"w" is a group's member already`},
		"a member twice, not next":    {"witness w <A>\nwitness v <B>\ngroup g 2 w v w", 3, `"w" is a group's member already`},
		"a member of two groups":      {"witness w <A>\nwitness v <B>\ngroup g any w\ngroup h any v w", 4, `"w" is a group's member already`},
		"a group of two groups":       {"witness w <A>\ngroup g any w\ngroup h any g\ngroup i any g", 4, `"g" is a group's member already`},
		"a member, and of its member": {"witness w <A>\ngroup g any w\ngroup h 2 g w", 3, `"w" is a group's member already`},
		"a comment as members":        {"witness w <A>\ngroup g any w # w", 2, `"#" is not defined`},
	} {
		p, err := ParsePolicy([]byte(expand(test.policy)))
		where := ""
		if test.line > 0 {
			where = fmt.Sprintf("malformed policy: line %d: ", test.line)
		}
		if p != nil || !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), where) {
			t.Errorf("%s: %v, want an error that mentions %q and line %d", name, err, test.want, test.line)
		}
	}
	for _, u := range []string{"w.example", "w.example/a", "/a", "//w.example/", "https:", "https:/", "https://", "https:///a", "https://:80/", "https:w.example", "ftp://w.example/", "file:///a", "https//w.example", "https://user@w.example/", "https://user:password@w.example/", "https://w.example/?a=b", "https://w.example/#a", "https://w.example:port/", "https://[::1/", "https://w.example/%zz", "javascript:alert(1)", "none", "-", "\xff://w.example/"} {
		for _, what := range []string{"log <L> ", "witness w <A> "} {
			_, err := ParsePolicy([]byte(expand(what + u + "\nquorum none")))
			wantErr(t, err, ErrMalformed, "line 1: ")
			wantErr(t, err, ErrMalformed, "is not an http or https URL")
		}
	}
	_, err := ParsePolicy([]byte("quorum none\n#" + strings.Repeat("x", MaxPolicySize)))
	wantErr(t, err, ErrMalformed, "more than 1048576 bytes")
	_, err = ParsePolicy([]byte("quorum none\n#" + strings.Repeat("x", MaxPolicySize-13)))
	fatalIfErr(t, err)
}

// TestPolicyLimits has as many logs, witnesses and groups as there may be, and
// one more of each.
func TestPolicyLimits(t *testing.T) {
	logs, witnesses, groups := "", "", ""
	for i := range 256 {
		logs += "log " + vkeyOf(fmt.Sprint("l", i), 1, seedOf(fmt.Sprint("l", i))) + "\n"
		if i < 99 {
			witnesses += fmt.Sprintf("witness w%d %s\n", i, vkeyOf("w", 4, seedOf(fmt.Sprint("w", i))))
			groups += fmt.Sprintf("group g%d any w%d\n", i, i)
		} else {
			groups += fmt.Sprintf("group g%d any g%d\n", i, i-99)
		}
	}
	p := mustParse(t, logs+witnesses+groups+"quorum g255\n")
	if len(p.Logs) != 256 || len(p.Witnesses) != 99 || len(p.groups) != 256 || !p.IsQuorum([]string{"w57"}) || p.IsQuorum([]string{"w56", "w58"}) {
		t.Errorf("%d logs, %d witnesses, %d groups", len(p.Logs), len(p.Witnesses), len(p.groups))
	}
	_, err := ParsePolicy([]byte(logs + expand("log <L>\n")))
	wantErr(t, err, ErrMalformed, "line 257: there are more than 256 logs")
	_, err = ParsePolicy([]byte(witnesses + expand("witness x <A>\n")))
	wantErr(t, err, ErrMalformed, "line 100: there are more than 99 witnesses")
	_, err = ParsePolicy([]byte(witnesses + groups + "group x any g200\n"))
	wantErr(t, err, ErrMalformed, "line 356: there are more than 256 groups")
}

// node is a witness or group of a random policy, which says itself whether it has
// witnessed.
type node struct {
	name      string
	members   []*node // nil for a witness
	threshold int
}

func (n *node) witnessed(has map[string]bool) bool {
	if n.members == nil {
		return has[n.name]
	}
	count := 0
	for _, m := range n.members {
		if m.witnessed(has) {
			count++
		}
	}
	return count >= n.threshold
}

// TestPolicySatisfied compares random policies with a second evaluation, for
// every set of their witnesses.
func TestPolicySatisfied(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for range 300 {
		var names []string
		var free []*node // in no group yet
		policy := "log <L>\n"
		for i := range 1 + rng.IntN(7) {
			n := &node{name: fmt.Sprint("w", i)}
			policy += fmt.Sprintf("witness %s <%c>\n", n.name, "ABCDEFG"[i])
			names, free = append(names, n.name), append(free, n)
		}
		all := slices.Clone(free)
		for i := range rng.IntN(6) {
			rng.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
			k := 1 + rng.IntN(len(free))
			n := &node{name: fmt.Sprint("g", i), members: slices.Clone(free[:k]), threshold: 1 + rng.IntN(k)}
			threshold := fmt.Sprint(n.threshold)
			switch {
			case n.threshold == k && rng.IntN(2) == 0:
				threshold = "all"
			case n.threshold == 1 && rng.IntN(2) == 0:
				threshold = "any"
			}
			policy += "group " + n.name + " " + threshold
			for _, m := range n.members {
				policy += " " + m.name
			}
			policy += "\n"
			free, all = append(free[k:], n), append(all, n)
		}
		quorum := all[len(all)-1]
		if rng.IntN(4) == 0 {
			quorum = all[rng.IntN(len(all))]
		}
		p := mustParse(t, expand(policy+"quorum "+quorum.name))
		subsets(names, func(has map[string]bool) {
			if got, want := p.satisfied(has), quorum.witnessed(has); got != want {
				t.Fatalf("%v: %v, want %v, of\n%squorum %s", has, got, want, policy, quorum.name)
			}
			// A witness that is not the policy's does not count.
			has["x"], has[""], has["none"], has["key.example/A"] = true, true, true, true
			for _, n := range all[len(names):] {
				has[n.name] = true
			}
			if got, want := p.satisfied(has), quorum.witnessed(has); got != want {
				t.Fatalf("%v: %v, want %v, of\n%squorum %s", has, got, want, policy, quorum.name)
			}
		})
	}
}

func TestPolicyNone(t *testing.T) {
	p := mustParse(t, expand("witness w <A>\nquorum none"))
	if p.Quorum() != QuorumNone || !p.satisfied(nil) || !p.satisfied(map[string]bool{"w": true}) {
		t.Error("a quorum of none is not satisfied")
	}
}

func FuzzParsePolicy(f *testing.F) {
	for _, s := range []string{specPolicy, "quorum none", "witness w <A> https://w.example/\ngroup g 1 w\nquorum g\n#", "log <L> http://l.example\nquorum none", "group g any g", "witness \xff <A>\nquorum \xff"} {
		f.Add([]byte(expand(s)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePolicy(data)
		if err != nil {
			wantErr(t, err, ErrMalformed, "policy")
			if p != nil {
				t.Fatal("a policy with an error")
			}
			return
		}
		// Each group can be satisfied, and only 'none' is without any witness.
		all := make(map[string]bool)
		for _, w := range p.Witnesses {
			all[w.Name] = true
		}
		if !p.satisfied(all) || p.satisfied(nil) != (p.Quorum() == QuorumNone) {
			t.Fatalf("%q: satisfied by all: %v, by none: %v", data, p.satisfied(all), p.satisfied(nil))
		}
		// What it has defines the same logs and witnesses again.
		var again strings.Builder
		for _, l := range p.Logs {
			fmt.Fprintf(&again, "log %s", l.VerifierKey)
			if l.URL != nil {
				fmt.Fprintf(&again, " %s", l.URL)
			}
			again.WriteString("\n")
		}
		for _, w := range p.Witnesses {
			fmt.Fprintf(&again, "witness %s %s\n", w.Name, w.VerifierKey)
		}
		again.WriteString("quorum none")
		q, err := ParsePolicy([]byte(again.String()))
		fatalIfErr(t, err)
		if len(q.Logs) != len(p.Logs) || len(q.Witnesses) != len(p.Witnesses) {
			t.Fatalf("%q has other logs or witnesses than %q", again.String(), data)
		}
	})
}
