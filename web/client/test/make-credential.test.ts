import assert from "node:assert/strict";
import { test } from "node:test";

import * as kt from "../src/index.js";
import { accepted, one, search } from "./solved.js";

const logs = ["ed25519-contact-monitoring", "p256-third-party-management", "ed25519-third-party-auditing"];

/** The view of the log that ends with an entry, as a user comes to it who walks the heads. */
function recent(log: string): kt.Recent {
  const g = one(accepted("distinguished", log), "all recent, first contact");
  const p = kt.parseDistinguishedResponse(g.config, g.response);
  return g.verifier.distinguished(g.view, kt.parseDistinguishedRequest(g.request), p, g.now).recent;
}

test("a search whose version is in a distinguished entry makes a standard credential", () => {
  for (const log of logs) {
    const g = one(accepted("search", log), "greatest version of alice, first contact");
    const { q, p, run } = search(g);
    const c = kt.makeStandardCredential(q.label, run(), p);
    assert.ok(c);
    const sent = kt.parseCredential(g.config, kt.encodeCredential(g.config, c));
    const r = g.verifier.credential(recent(log), sent);
    assert.deepEqual([r.version, r.value, r.provisional], [run().version, run().value, undefined]);
  }
});

test("a search whose version is newer makes none", () => {
  for (const log of logs) {
    const searches = accepted("search", log);
    const newer = search(one(searches, "greatest version of bob, after 9 entries"));
    assert.equal(kt.makeStandardCredential(newer.q.label, newer.run(), newer.p), undefined);
    const fixed = search(one(searches, "version 2 of carol, first contact"));
    assert.equal(kt.makeStandardCredential(fixed.q.label, fixed.run(), fixed.p), undefined);
  }
});

test("a search from a log that ends with a distinguished entry makes a provisional credential", () => {
  for (const log of logs) {
    const g = one(accepted("search", log), "greatest version of bob, after 9 entries");
    const { q, p, run } = search(g);
    const { auditorTreeHead: auditor, ...base } = g.view;
    const made = kt.makeProvisionalCredential(g.verifier, base, auditor, q, p, g.now);
    assert.ok(made);
    const sent = kt.parseCredential(g.config, kt.encodeCredential(g.config, made.credential));
    assert.deepEqual(sent, made.credential);
    const r = g.verifier.credential([base], sent);
    assert.equal(r.version, run().version);
    assert.equal(r.provisional?.terminal.position, run().terminal);
    assert.deepEqual(r.provisional?.verified.view.subtrees, run().view.subtrees);
    assert.throws(() => g.verifier.credential([], sent), { kind: "not-recent" });
  }
});

test("what makes no provisional credential", () => {
  const searches = accepted("search", "ed25519-contact-monitoring");
  const make = (name: string, change: (p: kt.SearchResponse) => kt.SearchResponse = (p) => p) => {
    const g = one(searches, name);
    const { q, p } = search(g);
    return kt.makeProvisionalCredential(g.verifier, g.view, undefined, q, change(p), g.now);
  };
  assert.equal(make("greatest version of carol, same head"), undefined);
  assert.equal(make("version 5 of alice, after 9 entries"), undefined);
  const forged = (p: kt.SearchResponse) => ({ ...p, value: { value: Uint8Array.of(1) } });
  assert.throws(() => make("greatest version of bob, after 9 entries", forged), { kind: "signature" });
});
