// Package audit is the audit view: pages on which anybody sees what a log contains, and
// on which their own browser, not the server, verifies it.
//
// A View makes its pages out of a Source, with html/template. They work without
// JavaScript, and then say that nothing was checked: all that they show is the claim of
// whoever serves them. Scripts, in the folder islands and bundled into dist, replace
// parts of a page by what the browser has verified.
//
// The package imports neither directory nor monitor: package web makes a Source of a
// directory and its publisher, package station of a monitor's mirror.
//
// # Privacy
//
// A label is in the body of a POST request, in a fragment, or in the browser only. It is
// in no URL and no log. Pages with labels are not cached.
//
// # Paths
//
// Below Config.Base: the pages; view.json, what scripts have to know; events, a stream
// of server-sent events; assets/, immutable files; verify.html, the page that verifies
// files without a server.
//
// The events are "head", with the JSON members tree_size, timestamp_ms and root, and
// "checkpoint", with tree_size, quorum_met and cosigned_by. The first of each tells the
// present state.
//
// # Islands
//
// A page's body has data-page, its name, and data-base. The script of every page,
// islands/start.ts, loads the page's own module. An island's place is an element with
// data-island and an id. What is in it is what visitors without JavaScript see; an
// island replaces it, and may read it.
//
//	all pages    live         in the header, hidden: says that the page is up to date
//	             verdict      not on pages that show nothing to check
//	overview     head         size and age; p.figure, span.big, span.age
//	             chart        one for each chart; data-chart is growth, sizes or latency, and
//	                          table#data-NAME has a row for each point: data-x, data-y. x of
//	                          growth is in ms since the Unix epoch, of the others a position
//	             monitors     li[data-monitor] has the base URL of one
//	lookup       lookup       the form: inputs label and version
//	             result       the claim, which the script never shows beside its own result
//	             trace        empty: how the lookup was verified
package audit
