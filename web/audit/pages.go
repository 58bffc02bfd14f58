package audit

import "net/http"

// static is the content of a page that is the same for everybody.
func static(*View, *http.Request) (any, error) { return nil, nil }

// What pages say until an island has checked what they show.
const (
	uncheckedHere = "What this page shows is what the server says. To have your own browser check it, open the page with JavaScript on."
	uncheckedForm = "Without JavaScript, the server answers, and nobody checks the answer. With it, your browser asks, and verifies what comes."
	uncheckedFile = "This page does its work in your browser, and needs JavaScript for it. A check by the server would be worth nothing: it is the server that is being checked."
)

// pages are all pages.
var pages = []page{
	{path: "", name: "overview", title: "Overview", make: overview, unchecked: uncheckedHere},
	{path: "log", name: "log", title: "Log", make: logPage, unchecked: uncheckedHere},
	{path: "log/{position}", name: "entry", title: "Log entry", make: entryPage, unchecked: uncheckedHere},
	{path: "checkpoint", name: "checkpoint", title: "Checkpoint and witnesses", make: checkpointPage, unchecked: uncheckedHere},
	{path: "consistency", name: "consistency", title: "Consistency", make: consistency, unchecked: uncheckedHere},
	{path: "lookup", name: "lookup", title: "Look up a contact", make: lookup, form: true, unchecked: uncheckedForm},
	{path: "history", name: "history", title: "History of a label", make: history, form: true, unchecked: uncheckedForm},
	{path: "compare", name: "compare", title: "Compare with others", make: static, unchecked: uncheckedFile},
	{path: "roster", name: "roster", title: "Check a roster for ghosts", make: static, unchecked: uncheckedFile},
	{path: "monitors", name: "monitors", title: "Monitors and alerts", make: static, unchecked: "What monitors say, your browser asks them, and needs JavaScript for it. The links below work without."},
	{path: "verify", name: "verify", title: "Verify a file", make: verifyPage, unchecked: uncheckedFile},
	{path: "api", name: "api", title: "API", make: apiPage},
	{path: "limits", name: "limits", title: "What this cannot tell you", make: static},
	{path: "about", name: "about", title: "About", make: static},
}

// problemPage is shown instead of a page that cannot be.
var problemPage = page{name: "problem", title: "Problem"}

type verifyData struct {
	Digest string // SHA-256 of the standalone page, in hexadecimal
	Size   int
}

func verifyPage(v *View, _ *http.Request) (any, error) {
	f := v.standalone()
	return verifyData{f.SHA256, f.Size}, nil
}
