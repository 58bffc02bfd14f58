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
//	             checkpoint   the card; what has data-claim in it stays, as the server's claim
//	             activity     is marked as the server's claim, as head and rules are
//	             rules        what users pin
//	             digest       the SHA-256 of the Configuration
//	log          jump         the form: inputs position and date
//	             entries      the table; tr#eN is entry N
//	entry        entry        dl: the facts, which are compared with those that were verified
//	             changes      what the entry changed, the server's claim
//	             proof        data-size is that of the tree; svg.tree and ol.proof-list say the
//	                          same
//	checkpoint   signatures   the table; tr[data-key] is NAME+KEYID
//	             note         pre: the signed note, byte for byte
//	             summary      size, quorum and root; data-claim as on the overview
//	             policy       pre: the policy
//	             witnesses    the server's claim
//	             past         the server's claim: earlier checkpoints
//	             memory       empty: checkpoints that the browser has seen
//	consistency  visit        empty: the visitor's last head
//	             consistency  the form: inputs old and new
//	             result       the claim; empty until something was asked
//	lookup       lookup       the form: inputs label and version
//	             result       the claim, which a script never shows beside its own result
//	             trace        empty: how the lookup was verified
//	             remembered   empty: the labels that the browser remembers
//	history      history      the form: input label
//	             result       the claim; li#vN is version N
//	compare      compare      empty
//	roster       roster       empty
//	monitors     monitors     li[data-monitor] has the base URL of one, or the path of the host's
//	                          own pages; h2 > bdi is its name
//	verify       verify       empty; #standalone-sha256 is beside it
//
// A monitor's own pages, which package station makes with a Shell, have
//
//	status       news         empty: alerts that came since the page was made
//	             alerts       the list; li#ID is an alert
//	alert        evidence     empty; data-evidence is the path of the file, data-view that of the
//	                          directory's view, if there is one. Not for alerts without evidence
//	                          that everybody may have
//
// Classes that islands can use are in assets/view.css: verdict with badge, headline,
// reason and checked-by; card, facts (dl), notice and state with data-state good, warn or
// bad; keys, key, versions, diff; ask and field for forms, quiet for lesser buttons; stack
// for tables that become lists on narrow screens; tree with edge, path and computed.
package audit
