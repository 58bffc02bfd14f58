import assert from "node:assert/strict";
import { test } from "node:test";

import * as kt from "../src/index.js";
import { accepted, one, search } from "./solved.js";
import { refusal } from "./vectors.js";

const searches = accepted("search");
const first = one(searches, "greatest version of alice, first contact");

test("every entry that a search relied on has a proof of inclusion", () => {
  let entries = 0;
  for (const g of searches) {
    const r = search(g).run();
    const { treeSize } = r.view.head;
    for (const e of r.entries) {
      const leaf = { position: e.position, value: kt.logEntryHash(e) };
      const proof = r.inclusion(e.position);
      assert.ok(proof, `${g.name}: entry ${e.position}`);
      assert.deepEqual(kt.logtree.evaluate(treeSize, 0, [], [leaf], proof).root, kt.viewRoot(r.view));
      entries++;
    }
  }
  assert.ok(entries > 80, `${entries} entries`);
  assert.equal(search(first).run().inclusion(0), undefined);
});

test("a trace tells how a search was verified", () => {
  for (const g of searches) {
    const { p, run } = search(g);
    const r = run();
    const steps = <S extends kt.TraceStep["step"]>(step: S) =>
      r.trace.filter((t): t is Extract<kt.TraceStep, { step: S }> => t.step === step);
    const vrf = steps("vrf");
    assert.deepEqual(
      vrf.map((t) => t.version),
      kt.ladder.base(r.version),
    );
    for (const t of vrf) assert.deepEqual(t.output, r.keys.get(t.version)?.searchKey);
    const [commitment] = steps("commitment");
    assert.equal(commitment?.version, r.version);
    assert.deepEqual(commitment?.commitment, r.keys.get(r.version)?.commitment);
    assert.deepEqual(steps("view"), [
      {
        step: "view",
        from: g.view.head.treeSize,
        to: r.view.head.treeSize,
        entries: steps("view")[0]?.entries,
      },
    ]);
    const lookups = steps("lookup");
    assert.deepEqual(
      lookups.map((t) => t.lookups.map((l) => [l.included, l.depth])),
      p.search.prefixProofs.map((proof) => proof.results.map((x) => [x.type === kt.inclusion, x.depth])),
    );
    assert.ok(lookups.some((t) => t.position === r.terminal && t.timestamp > 0));
    assert.deepEqual(steps("log")[0]?.root, kt.viewRoot(r.view));
    const [head] = steps("head");
    assert.equal(head?.updated, p.fullTreeHead.treeHead !== undefined);
    assert.deepEqual(head?.signaturePublicKey, g.config.signaturePublicKey);
    assert.equal(steps("auditor").length, p.fullTreeHead.auditorTreeHead ? 1 : 0);
    assert.equal(steps("value").length, g.config.mode === kt.thirdPartyManagement ? 1 : 0);
  }
});

test("outcomes that were known before are in the trace of a ladder, too", () => {
  const known = searches.flatMap((g) =>
    search(g)
      .run()
      .trace.flatMap((t) => (t.step === "lookup" ? t.known : [])),
  );
  assert.ok(known.length > 0);
});

test("a search tells between which entries the version was created", () => {
  const { terminal, lacking } = search(first).run();
  assert.ok(lacking === undefined || lacking < terminal);
  const fixed = searches.map((g) => search(g).run()).filter((r) => r.lacking !== undefined);
  assert.ok(fixed.length > 0);
  for (const r of fixed) assert.ok((r.lacking ?? 0) < r.terminal);
});

test("a head of another time is refused, but as evidence", () => {
  const { run } = search(first);
  const { maxAhead, maxBehind } = first.config;
  const timestamp = kt.rightmostEntry(run().view).timestamp;
  for (const [now, detail] of [
    [timestamp - maxAhead - 1, undefined],
    [timestamp + maxBehind + 1, "behind"],
    [-1, undefined],
    [0, undefined],
  ] as const) {
    assert.throws(() => run(first.verifier, now), { kind: "time", detail });
    assert.equal(run(first.verifier.timeless(), now).version, run().version);
  }
  run(first.verifier, timestamp - maxAhead);
  run(first.verifier, timestamp + maxBehind);
});

test("an auditor that does not vouch for the log is a refusal, but no matter for evidence", () => {
  const audited = accepted("search", "third-party-auditing");
  const g = one(audited, "greatest version of alice, first contact");
  const { q, p } = search(g);
  const head = p.fullTreeHead.auditorTreeHead;
  assert.ok(head);
  const wrong = {
    ...p,
    fullTreeHead: { ...p.fullTreeHead, auditorTreeHead: { ...head, timestamp: head.timestamp - 1 } },
  };
  assert.throws(() => g.verifier.search(g.view, q, wrong, g.now), { kind: "auditor" });
  assert.equal(g.verifier.unaudited().search(g.view, q, wrong, g.now).version, search(g).run().version);
  const unknown = one(audited, "version 5 of alice, after 9 entries");
  const view: kt.View = { ...unknown.view };
  delete view.auditorTreeHead;
  assert.throws(() => search(unknown).run(unknown.verifier, unknown.now, view), { kind: "auditor" });
});

test("a configuration that cannot be used makes no verifier", () => {
  const { config } = first;
  const key = new Uint8Array(31);
  for (const wrong of [
    { ...config, signaturePublicKey: key },
    { ...config, vrfPublicKey: key },
    { ...config, vrfPublicKey: new Uint8Array(32) },
    { ...config, reasonableMonitoringWindow: 5, maximumLifetime: 5 },
    { ...config, mode: kt.thirdPartyManagement, leafPublicKey: key } as const,
    { ...config, mode: kt.thirdPartyAuditing, auditorPublicKey: key } as const,
  ]) {
    assert.equal(
      refusal(() => new kt.Verifier(wrong)),
      "malformed",
    );
  }
});

test("a request of another kind than the response is refused", () => {
  const { q, p } = search(first);
  const v = first.verifier;
  assert.throws(() => v.search(first.view, { ...q, version: 1 }, p, first.now), { kind: "proof" });
  const { version: _, ...rest } = p;
  assert.throws(() => v.search(first.view, q, rest, first.now), { kind: "proof" });
});

test("damaged state is not the log's fault", () => {
  const g = one(searches, "version 5 of alice, after 9 entries");
  const { run } = search(g);
  const { view } = g;
  for (const damaged of [
    { ...view, subtrees: view.subtrees.slice(1) },
    { ...view, frontier: view.frontier.slice(1) },
    { ...view, frontier: [...view.frontier].reverse() },
    { ...view, head: { ...view.head, treeSize: 2 ** 53 - 1 } },
    { ...kt.emptyView, head: { ...view.head, treeSize: 1 } },
  ]) {
    assert.throws(() => run(g.verifier, g.now, damaged), RangeError);
  }
});
