import assert from "node:assert/strict";
import { test } from "node:test";

import { addMapEntry } from "../src/contact.js";
import * as kt from "../src/index.js";
import { checkMapEntries } from "../src/monitor.js";
import { claimedAt, expectedAt, hasClaims } from "../src/owner.js";
import { mergeKeys } from "../src/keys.js";
import { accepted, one, search } from "./solved.js";
import { refusal } from "./vectors.js";

type Pair = [position: number, version: number];

const entry = ([position, version]: Pair): kt.MonitorMapEntry => ({ position, version });

// In a log of 15 entries the root is 7, and 11 is the parent of 9 and 13.
const additions: [name: string, map: Pair[], add: Pair, want: Pair[] | undefined][] = [
  ["the first", [], [5, 2], [[5, 2]]],
  [
    "a later one",
    [[5, 2]],
    [9, 3],
    [
      [5, 2],
      [9, 3],
    ],
  ],
  [
    "an earlier one",
    [[9, 3]],
    [5, 2],
    [
      [5, 2],
      [9, 3],
    ],
  ],
  [
    "one between",
    [
      [5, 2],
      [12, 7],
    ],
    [9, 3],
    [
      [5, 2],
      [9, 3],
      [12, 7],
    ],
  ],
  ["the same", [[5, 2]], [5, 2], [[5, 2]]],
  ["the same version, to the right", [[5, 2]], [9, 2], [[5, 2]]],
  ["the same version, to the left", [[9, 2]], [5, 2], [[5, 2]]],
  ["the same position, a lesser version", [[9, 3]], [9, 2], [[9, 3]]],
  ["the same position, a greater version", [[9, 2]], [9, 3], [[9, 3]]],
  ["a greater version below an ancestor", [[11, 3]], [8, 5], [[8, 5]]],
  ["a greater version, not below it", [[13, 3]], [8, 5], undefined],
  ["a lesser version to the right", [[8, 5]], [9, 3], undefined],
  ["a lesser version far to the right", [[8, 5]], [13, 3], undefined],
  [
    "one that fits one and contradicts the other",
    [
      [3, 1],
      [8, 5],
    ],
    [13, 3],
    undefined,
  ],
];

test("what becomes of a monitoring map with one more entry", () => {
  for (const [name, map, add, want] of additions) {
    const before = map.map(entry);
    const run = () => addMapEntry(before, entry(add), 15);
    if (want) {
      assert.deepEqual(run(), want.map(entry), name);
      checkMapEntries(run(), 15);
    } else {
      assert.equal(refusal(run), "proof", name);
    }
    assert.deepEqual(before, map.map(entry), `${name}: the map changed`);
  }
});

test("a monitoring map that does not ascend, or leaves the log, is refused", () => {
  for (const map of [
    [
      [5, 2],
      [5, 3],
    ],
    [
      [5, 2],
      [9, 2],
    ],
    [
      [9, 2],
      [5, 3],
    ],
    [
      [5, 3],
      [9, 2],
    ],
    [[15, 1]],
  ] as Pair[][]) {
    assert.equal(
      refusal(() => checkMapEntries(map.map(entry), 15)),
      "proof",
    );
  }
  checkMapEntries([], 0);
});

const bytes = (n: number): Uint8Array => new Uint8Array(32).fill(n);

const key = (searchKey: number, commitment?: number, proven = false): kt.VersionKey => ({
  searchKey: bytes(searchKey),
  commitment: commitment === undefined ? undefined : bytes(commitment),
  proven,
});

// What is known, what is added, and which of the two remains or why it is refused.
const merges: [
  name: string,
  old: kt.VersionKey,
  added: kt.VersionKey,
  want: "old" | "added" | kt.RefusalKind,
][] = [
  ["nothing new", key(1), key(1), "old"],
  ["a claim for nothing", key(1), key(1, 2), "added"],
  ["nothing for a claim", key(1, 2), key(1), "old"],
  ["another claim", key(1, 2), key(1, 3), "added"],
  ["a proof of the claim", key(1, 2), key(1, 2, true), "added"],
  ["a proof of something else than the claim", key(1, 2), key(1, 3, true), "added"],
  ["a claim of what is proven", key(1, 2, true), key(1, 2), "old"],
  ["the same proof", key(1, 2, true), key(1, 2, true), "old"],
  ["nothing for what is proven", key(1, 2, true), key(1), "old"],
  ["a claim against what is proven", key(1, 2, true), key(1, 3), "proof"],
  ["a proof against what is proven", key(1, 2, true), key(1, 3, true), "misbehaviour"],
  ["another search key", key(1), key(2), "proof"],
  ["another search key, both proven", key(1, 2, true), key(2, 3, true), "proof"],
];

test("what two responses say of a version is held together", () => {
  for (const [name, old, added, want] of merges) {
    const run = () => mergeKeys(new Map([[4, old]]), new Map([[4, added]])).get(4);
    if (want === "old" || want === "added") assert.equal(run(), want === "old" ? old : added, name);
    else assert.equal(refusal(run), want, name);
  }
  assert.equal(mergeKeys(new Map(), new Map([[4, key(1)]])).size, 1);
});

test("a contact has what its monitoring ladders look up", () => {
  const all = accepted("search", "ed25519-contact-monitoring");
  const r = search(one(all, "greatest version of bob, after 9 entries")).run();
  assert.equal(r.monitor, true);
  const contact = kt.observe(kt.emptyContact, r);
  assert.deepEqual(contact.map, [{ position: r.terminal, version: r.version }]);
  assert.deepEqual([...contact.keys.keys()].sort(), kt.ladder.monitoring(r.version).sort());
  assert.deepEqual(kt.observe(contact, r), contact);
  const settled = search(one(all, "greatest version of alice, first contact")).run();
  assert.equal(settled.monitor, false);
  assert.equal(kt.observe(kt.emptyContact, settled), kt.emptyContact);
});

test("a search that contradicts what a contact holds is refused", () => {
  const all = accepted("search", "ed25519-contact-monitoring");
  const r = search(one(all, "greatest version of bob, after 9 entries")).run();
  const contact = kt.observe(kt.emptyContact, r);
  const changed = (version: number, k: Partial<kt.VersionKey>): kt.Contact => {
    const old = contact.keys.get(version);
    assert.ok(old);
    return { ...contact, keys: new Map(contact.keys).set(version, { ...old, ...k }) };
  };
  const proven = r.keys.get(r.version)?.proven;
  assert.equal(proven, true);
  assert.equal(
    refusal(() => kt.observe(changed(r.version, { commitment: bytes(1), proven: true }), r)),
    "misbehaviour",
  );
  assert.equal(
    refusal(() => kt.observe(changed(0, { searchKey: bytes(1) }), r)),
    "proof",
  );
  const owner: kt.Owner = { start: 0, atStart: undefined, created: [], contact, keys: new Map() };
  kt.checkOwnerSearch(owner, r);
  const other = { ...owner, contact: changed(r.version, { commitment: bytes(1), proven: true }) };
  assert.equal(
    refusal(() => kt.checkOwnerSearch(other, r)),
    "misbehaviour",
  );
});

const owner: kt.Owner = {
  start: 7,
  atStart: 2,
  created: [
    { position: 9, version: 4, claimed: false },
    { position: 11, version: 5, claimed: true },
  ],
  contact: { map: [{ position: 9, version: 4 }], keys: new Map() },
  keys: new Map(),
};

test("what an owner expects, and what of it is only claimed", () => {
  assert.deepEqual(
    [7, 8, 9, 10, 11, 12].map((p) => [expectedAt(owner, p), claimedAt(owner, p)]),
    [
      [2, false],
      [2, false],
      [4, false],
      [4, false],
      [5, true],
      [5, true],
    ],
  );
  assert.equal(
    refusal(() => expectedAt(owner, 6)),
    "proof",
  );
  assert.equal(kt.ownerGreatest(owner), 5);
  assert.equal(kt.ownerGreatest({ ...owner, created: [] }), 2);
  assert.equal(hasClaims(owner), true);
  assert.equal(hasClaims({ ...owner, created: owner.created.slice(0, 1) }), false);
  const view = { ...kt.emptyView, head: { treeSize: 12, signature: new Uint8Array() } };
  assert.deepEqual(kt.ownerMonitorRequest(owner, view, Uint8Array.of(1)), {
    last: 12,
    label: Uint8Array.of(1),
    entries: [{ position: 9, version: 4 }],
    start: 7,
    greatestVersion: 5,
  });
});

test("an absence is held against what was proven before", () => {
  const all = accepted("absence", "ed25519-contact-monitoring");
  const absence = (name: string): kt.AbsenceResult => {
    const g = one(all, name);
    const q = kt.parseAbsenceRequest(g.request);
    return g.verifier.absence(g.view, q, kt.parseAbsenceResponse(g.config, g.response), g.now);
  };
  const nobody = absence("nobody");
  assert.equal(nobody.greatest, undefined);
  const zero = nobody.keys.get(0);
  assert.ok(zero);
  const knows = (k: kt.VersionKey, map: kt.MonitorMapEntry[] = []): kt.Contact => ({
    map,
    keys: new Map([[0, k]]),
  });
  const vanished = { kind: "misbehaviour", detail: "vanished" };
  kt.checkContactAbsence(kt.emptyContact, nobody);
  kt.checkContactAbsence(knows({ ...zero, commitment: bytes(1) }), nobody);
  const proven = { ...zero, commitment: bytes(1), proven: true };
  assert.throws(() => kt.checkContactAbsence(knows(proven), nobody), vanished);
  assert.throws(() => kt.checkContactAbsence(knows(zero, [entry([3, 0])]), nobody), vanished);
  assert.throws(() => kt.checkContactAbsence(knows({ ...zero, searchKey: bytes(1) }), nobody), {
    kind: "proof",
  });

  const nothing = { ...owner, created: [], contact: kt.emptyContact };
  assert.throws(() => kt.checkOwnerAbsence(nothing, nobody), vanished);
  assert.throws(() => kt.checkOwnerAbsence({ ...owner, contact: kt.emptyContact }, nobody), {
    kind: "proof",
  });
  kt.checkOwnerAbsence({ ...nothing, atStart: undefined }, nobody);
  const keys = new Map([[0, proven]]);
  assert.throws(() => kt.checkOwnerAbsence({ ...nothing, atStart: undefined, keys }, nobody), vanished);
  const contact = knows(zero, [entry([3, 0])]);
  assert.throws(() => kt.checkOwnerAbsence({ ...nothing, atStart: undefined, contact }, nobody), vanished);

  const alice = absence("alice");
  const { greatest } = alice;
  assert.ok(greatest !== undefined);
  kt.checkOwnerAbsence({ ...nothing, atStart: greatest }, alice);
  assert.throws(() => kt.checkOwnerAbsence({ ...nothing, atStart: greatest + 1 }, alice), vanished);
});

test("two views contradict each other if a subtree of both differs", () => {
  const g = one(accepted("search", "ed25519-contact-monitoring"), "version 5 of alice, after 9 entries");
  const { view } = search(g).run();
  assert.equal(kt.viewsContradict(g.view, view), undefined);
  assert.equal(kt.viewsContradict(kt.emptyView, view), undefined);
  const forked = { ...g.view, subtrees: g.view.subtrees.map((h) => h.map((b) => b ^ 1)) };
  assert.match(
    kt.viewsContradict(forked, view) ?? "",
    /^log entries 0 to 7 differ between a log of 9 entries and one of 14$/,
  );
  assert.match(kt.viewsContradict(view, forked) ?? "", /^log entries 0 to 7 differ/);
  assert.equal(kt.lastSize(kt.emptyView), undefined);
  assert.equal(kt.lastSize(view), 14);
  assert.throws(() => kt.rightmostEntry(kt.emptyView), RangeError);
});
