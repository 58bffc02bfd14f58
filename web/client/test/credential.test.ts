import assert from "node:assert/strict";
import { test } from "node:test";

import * as kt from "../src/index.js";
import { accepted, one, provisional } from "./solved.js";
import { refusal } from "./vectors.js";

const all = accepted("credential", "ed25519-contact-monitoring");
const updated = one(all, "provisional, updated");
const label = kt.parseCredential(updated.config, updated.credential).label;

const heads = (recent: kt.Recent, ...sizes: number[]): kt.Recent =>
  recent.filter((v) => sizes.includes(v.head.treeSize));

const forked = (v: kt.View): kt.View => ({ ...v, subtrees: v.subtrees.map((h) => h.map((b) => b ^ 1)) });

test("a provisional credential is final when its terminal entry is distinguished", () => {
  const p = provisional(updated);
  assert.equal(kt.isFinal(p, updated.recent), false);
  assert.equal(kt.isFinal(p, []), false);
  const { view, tree } = p.verified;
  const subtrees = tree.subtrees(p.terminal.position + 1);
  assert.ok(subtrees);
  const treeSize = p.terminal.position + 1;
  const known = new Map([...view.frontier, ...p.verified.entries].map((e) => [e.position, e]));
  const frontier = kt.ibst.frontier(treeSize).map((at) => known.get(at) ?? assert.fail(`entry ${at}`));
  const terminal = { head: { treeSize, signature: new Uint8Array() }, subtrees, frontier };
  assert.equal(kt.isFinal(p, [...updated.recent, terminal]), true);
  assert.equal(
    refusal(() => kt.isFinal(p, [forked(terminal)])),
    "misbehaviour",
  );
  assert.throws(() => kt.isFinal(p, [{ ...terminal, subtrees: [] }]), RangeError);
});

test("a credential and a view of another log contradict each other", () => {
  const p = provisional(updated);
  for (const v of updated.recent) {
    assert.equal(kt.provisionalContradicts(p, v), undefined);
  }
  const [shared] = heads(updated.recent, 8);
  assert.ok(shared);
  assert.match(kt.provisionalContradicts(p, forked(shared)) ?? "", /^log entries 0 to 7 differ/);
});

test("an update is asked for when there is a distinguished entry that it can lead to", () => {
  const p = provisional(updated);
  assert.equal(
    refusal(() => kt.credentialUpdateRequest(p, label, updated.recent)),
    "not-recent",
  );
  assert.deepEqual(kt.credentialUpdateRequest(p, label, updated.later), {
    label,
    treeSize: p.verified.view.head.treeSize,
    terminal: { position: p.terminal.position, version: p.version },
    distinguished: 15,
  });
});

test("an update is tried against each head that it could lead to", () => {
  const p = provisional(updated);
  const u = kt.parseCredentialUpdate(updated.update);
  const v = updated.verifier;
  assert.equal(v.credentialUpdate(p, updated.later, u), 15);
  assert.equal(
    refusal(() => v.credentialUpdate(p, updated.recent, u)),
    "not-recent",
  );
  const [right] = heads(updated.later, 16);
  assert.ok(right);
  assert.equal(
    refusal(() => v.credentialUpdate(p, [forked(right)], u)),
    "proof",
  );
  assert.equal(v.credentialUpdate(p, [forked(right), right], u), 15);
});

test("a credential relies on a head that its receiver knows", () => {
  const standard = one(all, "standard");
  const c = kt.parseCredential(standard.config, standard.credential);
  const verify = (recent: kt.Recent) => standard.verifier.credential(recent, c);
  assert.equal(verify(standard.recent).provisional, undefined);
  assert.deepEqual(verify(standard.recent).label, c.label);
  assert.equal(
    refusal(() => verify([])),
    "not-recent",
  );
  assert.equal(
    refusal(() => verify(heads(standard.recent, 1, 2, 4, 8))),
    "not-recent",
  );
  const [head] = heads(standard.recent, c.position + 1);
  assert.ok(head);
  const other = head.frontier.map((e) => ({ ...e, prefixTree: e.prefixTree.map((b) => b ^ 1) }));
  assert.equal(
    refusal(() => verify([{ ...head, frontier: other }])),
    "proof",
  );
});

test("recent distinguished heads are views of the past of the user's view", () => {
  for (const g of accepted("distinguished")) {
    const q = kt.parseDistinguishedRequest(g.request);
    const p = kt.parseDistinguishedResponse(g.config, g.response);
    const r = g.verifier.distinguished(g.view, q, p, g.now);
    assert.deepEqual(
      r.recent.map((v) => v.head.treeSize - 1),
      [...r.positions].reverse(),
    );
    kt.checkRecent(r.recent, r.view);
    assert.equal(kt.distinguishedHead(r.recent).heads.length, r.positions.length);
    for (const at of r.positions) assert.equal(kt.recentAt(r.recent, at)?.frontier.at(-1)?.position, at);
    assert.equal(kt.recentAt(r.recent, r.view.head.treeSize), undefined);
    if (r.recent.length < 2) continue;
    for (const damaged of [
      [...r.recent].reverse(),
      [...r.recent, r.recent[0]],
      r.recent.map(forked),
      [kt.emptyView],
      [{ ...r.recent[0], frontier: [] }],
    ] as kt.Recent[]) {
      assert.throws(() => kt.checkRecent(damaged, r.view), RangeError);
    }
  }
});

test("users who have seen different sizes come to the same recent heads", () => {
  const walks = accepted("distinguished", "ed25519-contact-monitoring");
  const heads = (name: string): readonly Uint8Array[] => {
    const g = one(walks, name);
    const p = kt.parseDistinguishedResponse(g.config, g.response);
    const { recent } = g.verifier.distinguished(g.view, kt.parseDistinguishedRequest(g.request), p, g.now);
    return kt.distinguishedHead(recent).heads;
  };
  const right = heads("right of 7, after 9 entries");
  assert.ok(right.length > 0);
  assert.deepEqual(heads("all recent, first contact").slice(-right.length), right);
});
