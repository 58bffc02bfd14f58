// Package web serves a directory over HTTP: the protocol's operations, the public
// log, a JSON API for people and dashboards, health checks, and metrics.
//
// # The protocol binding
//
// KEYTRANS defines no binding to HTTP; this is Ghostlight's. A request is
// POST /v1/search, contact-monitor, owner-init, owner-monitor, update or
// distinguished. Its body is the operation's request structure in the TLS
// presentation language, and so is the response's, both with Content-Type
// application/octet-stream. The answer to an update is one or more
// UpdateResponse structures back to back. POST /v1/credential-update is of no
// operation of KEYTRANS: docs/credentials.md describes it. A write carries its credential as
// "Authorization: Bearer". GET /v1/configuration has the encoded
// Configuration; users should compare it with one that they got elsewhere.
// POST /v1/absence and /v1/batch are extensions of the protocol: docs/extensions.md.
//
// # Third-party management
//
// A manager serves most of this to its operator only, who shows the link's token
// as "Authorization: Bearer", and takes POST /v1/manager-update, a
// ManagerUpdateRequest, in the place of /v1/update. The public log, health checks
// and metrics are for everybody. An operator (NewOperator) serves what a directory
// does, with the manager's answers. docs/management.md has more.
//
// # The auditor
//
// In the auditing mode, an auditor asks for updates with POST /v1/audit-updates, and
// hands in the heads that it signed with POST /v1/auditor-tree-head; docs/auditing.md
// has their bodies.
//
// # The public log
//
// GET /log/checkpoint, /log/tile/<L>/<N>[.p/<W>], /log/tile/entries/<N>[.p/<W>]
// (C2SP tlog-checkpoint and tlog-tiles) and /log/changes/<N>[.p/<W>]; docs/log.md
// describes them. All but the checkpoint can be cached for ever.
//
// # The JSON API
//
// GET /api/v1/log, /api/v1/log/entries, /api/v1/log/publication and
// /api/v1/stats, and POST /api/v1/lookup. Every object has a schema_version,
// which changes if a field changes its meaning or goes; fields can be added at
// any time. Nothing in it is verified by whoever reads it: it is what the operator
// says, with the bytes that let a verifying client check.
//
// GET /api/v1/openapi.json describes all of this, as OpenAPI 3.1.
//
// # The audit view
//
// Below /audit are pages for people, if the Config says so: package audit.
//
// # Errors
//
// Outside of these pages, every error is a problem details object (RFC 9457), application/problem+json,
// whose type is "urn:ghostlight:problem:" and one of the Problem constants; the
// member "field" names the field of the request that is wrong, where one is.
// Requests that net/http itself refuses, as those that are no HTTP, are the
// exception. What went wrong inside the directory goes to the log only, and the
// bodies of 401 and 403 are the same for every label and every cause. The exception
// is the problem policy, which only those are told of who may write the label.
//
// # Privacy
//
// Labels and values travel in bodies only, never in a URL or header, and are
// not logged. The log of requests has the method, the route's pattern, the
// status, sizes and times; not the path that was asked for, which could be
// anything.
//
// # Cross-origin requests
//
// Reads are open to scripts of every origin, without credentials. Updates are
// not: a browser will not send one for another origin's page.
package web
