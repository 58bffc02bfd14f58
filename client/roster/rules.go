package roster

// rule says what a code means.
type rule struct {
	Code       Code
	Severities []Severity // that a finding of the code may have, the worst first
	Meaning    string
	Advice     string
}

// rules are what each code means, in the order of docs/roster.md.
var rules = []rule{
	{Misbehaviour, []Severity{Error},
		"The directory signed a contradiction about the label.",
		"Trust nothing that this directory says. Keep the evidence file and send it to others: docs/evidence.md."},
	{GhostUser, []Severity{Error, Note},
		"The label is proven absent from the directory, or is not in the list that the members agreed on.",
		"Find out who this is before anything more is said, and remove the member if nobody knows."},
	{GhostDevice, []Severity{Error},
		"The session uses a key that no proven version of the label has.",
		"Remove the device from the session. If the member has only just added it, ask them to publish it, and check again."},
	{DormantInsertion, []Severity{Warning, Note},
		"The directory lists a usable key that the session lacks: it would be used next time.",
		"Ask the member, by another way, whether the device is theirs. If not, they must remove it and tell the directory's operator."},
	{StaleKey, []Severity{Warning, Note},
		"The session uses a key that the label had and has no more, or that is revoked or expired.",
		"Have the app renew the session with the member's present keys."},
	{RolledBackKey, []Severity{Warning, Note},
		"A key that had been gone for longer than the window is back.",
		"Ask the member, by another way, whether they put it back: it may be that of a lost device."},
	{TransientKey, []Severity{Warning, Note},
		"A key came and went within the window.",
		"Ask the member, by another way, whether the device was theirs. If not, what was sent meanwhile may have been read."},
	{JustInTimeInsertion, []Severity{Warning, Note},
		"A key that the session uses came right before it was needed, or after you verified the member.",
		"Ask the member, by another way, whether the device is theirs, and verify them anew."},
	{SharedKey, []Severity{Warning},
		"Two labels of the roster have the same key.",
		"Ask both, by another way. One person with two labels can sign both with one account key; two persons never share a key."},
	{IdentityReset, []Severity{Error, Warning, Note},
		"The label's account key was replaced without the old one, or that is announced.",
		"Ask the member, by another way, whether they lost their account key, and verify them anew."},
	{UnsignedChange, []Severity{Error},
		"The label has an account key, which did not sign a change.",
		"Use none of the keys. The member must publish a version that their account key signs."},
	{LookAlikeLabel, []Severity{Warning, Note},
		"Two labels of the conversation look alike, or one may be taken for another.",
		"Compare the labels letter by letter with what the persons themselves say."},
	{WeakKey, []Severity{Warning, Note},
		"The label has a key that is too weak to rely on.",
		"Ask the member to publish a stronger key."},
	{DuplicateDevice, []Severity{Warning, Note},
		"The session has one key twice for a member.",
		"Two devices with one key are a copied key or a mistake of the app: have the member set one of them up anew."},
	{Unmonitored, []Severity{Note},
		"Nothing shows that the label's owner monitors it.",
		"Ask the member to keep `kt watch` running, and to give the app what `kt account attest` prints."},
	{CouldNotCheck, []Severity{Warning},
		"Something about the label could not be checked, so nothing says that it is fine.",
		"Check again later. If it stays so, look at more versions (--history), see to it that the clocks are right, and ask the directory's operator."},
}

// ownAdvice is what to do if it is the user's own label.
var ownAdvice = map[Code]string{
	GhostUser:           "Publish your keys with `kt publish`, so that others can check you.",
	GhostDevice:         "If the device is yours, publish its key with `kt publish`. If not, somebody reads along as you: remove it from the session.",
	DormantInsertion:    "If the key is not yours, publish your keys without it, and see what `kt watch` says.",
	StaleKey:            "Have your app renew the session with your present keys, or publish the key again if you still use it.",
	RolledBackKey:       "See `kt history` and `kt watch`. If you did not put the key back, publish your keys without it.",
	TransientKey:        "See `kt history` and `kt watch`. If the key was not yours, tell your contacts and the directory's operator.",
	JustInTimeInsertion: "If the key is not yours, somebody reads along as you: remove it from the session, and publish your keys without it.",
	SharedKey:           "If both labels are yours, sign both with one account key. If not, another has your key: set the device up anew.",
	IdentityReset:       "If you did not reset your account key, publish with the old one, and tell your contacts.",
	UnsignedChange:      "Publish your keys with your account key: `kt publish --account-key`.",
}

func adviceFor(code Code, own bool) string {
	if text := ownAdvice[code]; own && text != "" {
		return text
	}
	for i := range rules {
		if rules[i].Code == code {
			return rules[i].Advice
		}
	}
	return ""
}
