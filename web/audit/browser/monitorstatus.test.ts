import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseMonitorStatus } from "../islands/monitorstatus.js";

const alert = {
  id: "1f-3",
  directory: "example",
  severity: "critical",
  class: "evidence",
  summary: "two logs",
  raised_at: "2026-11-26T14:30:00Z",
  open: true,
  evidence: true,
};
const role = {
  directory: "example",
  role: "audit",
  verdict: "misbehaviour proven",
  checked: "all changes",
  up_to: 7,
  finished_at: "2026-11-26T14:30:00.5Z",
  reasons: [{ summary: "two logs" }],
};
const good = {
  schema_version: 1,
  at: "2026-11-26T14:31:00Z",
  since: "2026-11-26T14:00:00+01:00",
  directories: [{ name: "example", configuration_sha256: "00ff" }],
  roles: [role],
  alerts: [alert],
};

const parse = (value: unknown) => parseMonitorStatus(JSON.stringify(value));

describe("the status of a monitor", () => {
  test("is read", () => {
    const status = parse(good);
    assert.equal(status.at, Date.UTC(2026, 10, 26, 14, 31));
    assert.equal(status.since, Date.UTC(2026, 10, 26, 13));
    assert.deepEqual(status.directories, [{ name: "example", configurationSha256: "00ff" }]);
    assert.deepEqual(status.roles, [
      {
        directory: "example",
        role: "audit",
        badge: "misbehaviour",
        checked: "all changes",
        upTo: 7,
        finishedAt: Date.UTC(2026, 10, 26, 14, 30, 0, 500),
        reasons: ["two logs"],
      },
    ]);
    assert.deepEqual(status.alerts, [
      {
        id: "1f-3",
        directory: "example",
        severity: "critical",
        class: "evidence",
        summary: "two logs",
        raisedAt: Date.UTC(2026, 10, 26, 14, 30),
        open: true,
        evidence: true,
      },
    ]);
  });

  test("each verdict has a badge of its own", () => {
    const badge = (verdict: string) => parse({ ...good, roles: [{ ...role, verdict }] }).roles[0]?.badge;
    assert.equal(badge("verified"), "verified");
    assert.equal(badge("could not check"), "unchecked");
    assert.equal(badge("changed"), "changed");
    assert.equal(badge("misbehaviour proven"), "misbehaviour");
  });

  test("what may be left out, and what is not known", () => {
    const { directory: _d, checked: _c, up_to: _u, finished_at: _f, reasons: _r, ...least } = role;
    const { directory: _e, open: _o, evidence: _v, ...quiet } = alert;
    const status = parse({ ...good, roles: [least], alerts: [{ ...quiet, more: 1 }], later: {} });
    const { directory, checked, upTo, finishedAt, reasons } = status.roles[0] ?? assert.fail();
    assert.deepEqual(
      { directory, checked, upTo, reasons },
      { directory: "", checked: "", upTo: 0, reasons: [] },
    );
    assert.equal(finishedAt, undefined);
    assert.equal(status.alerts[0]?.open, false);
    assert.equal(status.alerts[0]?.evidence, false);
  });

  test("only the word true is true", () => {
    const [read] = parse({ ...good, alerts: [{ ...alert, open: "true", evidence: 1 }] }).alerts;
    assert.equal(read?.open, false);
    assert.equal(read?.evidence, false);
  });

  const refused: readonly (readonly [string, unknown])[] = [
    ["no object", [good]],
    ["nothing", null],
    ["no time", { ...good, at: undefined }],
    ["a time that is none", { ...good, at: "<script>" }],
    ["a time that is a number", { ...good, since: 1 }],
    ["no directories", { ...good, directories: undefined }],
    ["directories that are no list", { ...good, directories: { length: 1 } }],
    ["too many directories", { ...good, directories: Array(1001).fill(good.directories[0]) }],
    ["a directory that is none", { ...good, directories: ["example"] }],
    ["a directory without a name", { ...good, directories: [{ configuration_sha256: "00" }] }],
    ["a role without a name", { ...good, roles: [{ ...role, role: undefined }] }],
    ["a verdict of no known word", { ...good, roles: [{ ...role, verdict: "fine" }] }],
    ["a verdict of an object's own words", { ...good, roles: [{ ...role, verdict: "constructor" }] }],
    ["a verdict that is a list", { ...good, roles: [{ ...role, verdict: ["verified"] }] }],
    ["a negative count", { ...good, roles: [{ ...role, up_to: -1 }] }],
    ["a fraction of an entry", { ...good, roles: [{ ...role, up_to: 0.5 }] }],
    ["more entries than can be counted", { ...good, roles: [{ ...role, up_to: 2 ** 53 }] }],
    ["an end that is no time", { ...good, roles: [{ ...role, finished_at: null }] }],
    ["a reason without words", { ...good, roles: [{ ...role, reasons: [{}] }] }],
    ["a text that is too long", { ...good, roles: [{ ...role, checked: "x".repeat(2001) }] }],
    ["an id with a path in it", { ...good, alerts: [{ ...alert, id: "../status" }] }],
    ["an id with a line after it", { ...good, alerts: [{ ...alert, id: "1f-3\n" }] }],
    ["an id that is too long", { ...good, alerts: [{ ...alert, id: "a".repeat(65) + "-1" }] }],
    ["an unknown severity", { ...good, alerts: [{ ...alert, severity: "mild" }] }],
    ["an unknown class", { ...good, alerts: [{ ...alert, class: "rumour" }] }],
    ["an alert without a summary", { ...good, alerts: [{ ...alert, summary: undefined }] }],
    ["too many alerts", { ...good, alerts: Array(1001).fill(alert) }],
  ];
  for (const [name, value] of refused) {
    test(name, () => assert.throws(() => parse(value), /is not the status of a monitor/));
  }

  test("another version, and no JSON", () => {
    assert.throws(() => parse({ ...good, schema_version: 2 }), /another version/);
    assert.throws(() => parse({ ...good, schema_version: "1" }), /another version/);
    assert.throws(() => parseMonitorStatus("<!doctype html>"), /no JSON/);
    assert.throws(() => parseMonitorStatus(""), /no JSON/);
    assert.throws(() => parseMonitorStatus("[".repeat(500_000)), Error);
  });
});
