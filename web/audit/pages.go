package audit

import "net/http"

// static is the content of a page that is the same for everybody.
func static(*View, *http.Request) (any, error) { return nil, nil }

// What pages say until an island has checked what they show.
const (
	uncheckedHere = "What this page shows is what the server says. To have your own browser check it, open the page with JavaScript on."
	uncheckedForm = "Without JavaScript, the server answers, and nobody checks the answer. With it, your browser asks, and verifies what comes."
)

// pages are all pages.
var pages = []page{
	{path: "", name: "overview", title: "Overview", make: overview, unchecked: uncheckedHere},
	{path: "lookup", name: "lookup", title: "Look up a contact", make: lookup, form: true, unchecked: uncheckedForm},
}

// problemPage is shown instead of a page that cannot be.
var problemPage = page{name: "problem", title: "Problem"}
