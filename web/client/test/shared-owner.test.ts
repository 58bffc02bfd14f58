import assert from "node:assert/strict";

import {
  decodeHex,
  encodeContactMonitorResponse,
  encodeHex,
  encodeOwnerInitResponse,
  encodeOwnerMonitorResponse,
  ownerGreatest,
  parseCombinedTreeProof,
  parseContactMonitorResponse,
  parseOwnerInitResponse,
  parseOwnerMonitorResponse,
  type MonitorMapEntry,
  type Owner,
} from "../src/index.js";
import { emptyContact } from "../src/contact.js";
import { contactMonitor } from "../src/monitor.js";
import { expectedAt, lastPosition, ownerCreated } from "../src/owner.js";
import { update, type LabelUpdate } from "../src/update.js";
import * as shared from "./sharedlog.js";
import { testShared, type Outcome } from "./vectors.js";

interface MonitorInput extends shared.SharedLog {
  operation: string;
  entries: MonitorMapEntry[];
  known_versions: shared.SharedKey[];
  start: number;
  greatest_version?: number;
}

interface MonitorExpect extends shared.SharedProof {
  response: string;
  tree_size: number;
  greatest_versions?: number[];
}

// "unsigned": without the retained heads, every element of the proof is consumed, but the root and so
// the signature cannot be checked.
testShared<MonitorInput, MonitorExpect>("monitor", { agreed: 7, unsigned: 1 }, ({ input, expect }) => {
  switch (input.operation) {
    case "contact":
      return runContact(input, expect);
    case "owner-init":
      return runOwnerInit(input, expect);
    case "owner-monitor":
      return runOwnerMonitor(input, expect);
  }
  throw new Error(`operation ${input.operation}`);
});

function runContact(input: MonitorInput, expect: MonitorExpect): Outcome {
  const v = shared.verifier(input);
  const p = parseContactMonitorResponse(v.configuration, decodeHex(expect.response));
  assert.equal(encodeHex(encodeContactMonitorResponse(v.configuration, p)), expect.response);
  assert.equal(p.fullTreeHead.treeHead?.treeSize, expect.tree_size);
  shared.checkProof(expect, p.monitor);
  const contact = { map: input.entries, keys: shared.sharedKeys(input.known_versions) };
  if (input.last === undefined) {
    const q = { label: decodeHex(input.label), entries: input.entries };
    v.contactMonitor(shared.sharedView(input), contact, q, p, shared.now(input));
    return "agreed";
  }
  const s = shared.begin(input, p.fullTreeHead, p.monitor, contact.keys);
  s.walk.updateView(input.last);
  contactMonitor(s.walk, input.entries);
  shared.finish(s);
  return "unsigned";
}

function runOwnerInit(input: MonitorInput, expect: MonitorExpect): Outcome {
  const v = shared.verifier(input);
  const p = parseOwnerInitResponse(v.configuration, decodeHex(expect.response));
  assert.equal(encodeHex(encodeOwnerInitResponse(v.configuration, p)), expect.response);
  shared.checkProof(expect, p.init);
  assert.deepEqual(p.greatestVersions, expect.greatest_versions);
  const q = { label: decodeHex(input.label), start: input.start };
  const { owner } = v.ownerInit(shared.sharedView(input), q, p, shared.now(input));
  for (const [version, key] of shared.sharedKeys(input.known_versions)) {
    assert.deepEqual(owner.keys.get(version)?.searchKey, key.searchKey);
  }
  return "agreed";
}

function runOwnerMonitor(input: MonitorInput, expect: MonitorExpect): Outcome {
  const inserted = shared.inserted(input);
  const before = inserted.filter((position) => position <= input.start).length;
  const owner: Owner = {
    start: input.start,
    atStart: before > 0 ? before - 1 : undefined,
    created: inserted
      .map((position, version) => ({ position, version, claimed: false }))
      .filter((c) => c.position > input.start),
    contact: { map: input.entries, keys: new Map() },
    keys: shared.sharedKeys(input.known_versions),
  };
  assert.equal(ownerGreatest(owner), input.greatest_version);
  const v = shared.verifier(input);
  const p = parseOwnerMonitorResponse(v.configuration, decodeHex(expect.response));
  assert.equal(encodeHex(encodeOwnerMonitorResponse(v.configuration, p)), expect.response);
  shared.checkProof(expect, p.monitor);
  const r = v.ownerMonitor(shared.sharedView(input), owner, p, shared.now(input));
  assert.equal(r.complete, true);
  return "agreed";
}

interface UpdateInput extends shared.SharedLog {
  ladder: shared.SharedKey[];
  owner: { starting: number; version_at_starting?: number; upcoming: number[] };
  position: number;
  tree_size: number;
  versions: number;
}

interface UpdateExpect extends shared.SharedProof {
  proof: string;
  contact?: MonitorMapEntry;
  distinguished: boolean;
}

// The vectors have the proofs without the UpdateResponse around them and without a tree head: no
// signature can be checked.
testShared<UpdateInput, UpdateExpect>("update", { unsigned: 8 }, ({ input, expect }) => {
  const proof = parseCombinedTreeProof(decodeHex(expect.proof));
  shared.checkProof(expect, proof);
  const { starting, version_at_starting: atStart, upcoming } = input.owner;
  const next = (atStart ?? -1) + 1;
  const owner: Owner = {
    start: starting,
    atStart,
    created: upcoming.map((position, i) => ({ position, version: next + i, claimed: false })),
    contact: emptyContact,
    keys: new Map(),
  };
  const u: LabelUpdate = {
    position: input.position,
    previous: ownerGreatest(owner),
    inserted: lastPosition(owner),
    greatest: next + upcoming.length + input.versions - 1,
    expected: (position) => expectedAt(owner, position),
  };
  const head = { treeHead: { treeSize: input.tree_size, signature: new Uint8Array() } };
  const s = shared.begin(input, head, proof, shared.sharedKeys(input.ladder));
  s.walk.updateView(input.last ?? 0);
  const distinguished = update(s.walk, u);
  assert.equal(distinguished, expect.distinguished);
  shared.finish(s);
  const created = ownerCreated(owner, u, input.tree_size, distinguished, s.consumer.keys);
  assert.deepEqual(created.contact.map, expect.contact ? [expect.contact] : []);
  return "unsigned";
});
