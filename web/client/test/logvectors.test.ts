import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  decodeHex,
  encodeHex,
  formatTLogProof,
  hashLeaf,
  inclusionRanges,
  consistencyRanges,
  isQuorum,
  isWitnessed,
  openCheckpoint,
  parseEntryBundle,
  parsePolicy,
  parseTilePath,
  parseTLogProof,
  peekCheckpoint,
  Refusal,
  tilePath,
  verifyConsistency,
  verifyInclusion,
  verifyTLogProof,
} from "../src/index.js";
import { verifyMldsa44 } from "../src/mldsa.js";

function readCases<C>(name: string): C[] {
  const path = new URL(`../../../../testdata/vectors/${name}.json`, import.meta.url);
  const cases = (JSON.parse(readFileSync(path, "utf8")) as { cases: C[] }).cases;
  assert.ok(cases.length > 10);
  return cases;
}

/** Returns the kind of the Refusal that f throws, undefined if it throws nothing. */
function refusalOf(f: () => unknown): string | undefined {
  try {
    f();
  } catch (e) {
    assert.ok(e instanceof Refusal, `${e}`);
    return e.kind;
  }
  return undefined;
}

interface CheckpointCase {
  name: string;
  policy: string;
  note: string;
  refusal?: string;
  expect?: {
    origin: string;
    size: number;
    root: string;
    log: string;
    cosignatures: { witness: string; time: number }[];
    witnessed: boolean;
  };
}

test("checkpoint vectors", () => {
  for (const c of readCases<CheckpointCase>("checkpoint")) {
    const policy = parsePolicy(decodeHex(c.policy));
    const note = decodeHex(c.note);
    let got: CheckpointCase["expect"];
    const refusal = refusalOf(() => {
      const s = openCheckpoint(policy, note, verifyMldsa44);
      assert.deepEqual(s.unchecked, []);
      const { origin, size, cosignatures } = s;
      const rest = { root: encodeHex(s.root), log: s.log.key.text, witnessed: isWitnessed(policy, s) };
      got = { origin, size, cosignatures, ...rest };
    });
    assert.equal(refusal, c.refusal, c.name);
    assert.deepEqual(got, c.expect, c.name);
    if (c.refusal !== "malformed") assert.ok(peekCheckpoint(note).origin !== "", c.name);
  }
});

test("without a way to check ML-DSA-44, its cosignatures count for nothing", () => {
  let unchecked = 0;
  for (const c of readCases<CheckpointCase>("checkpoint")) {
    const policy = parsePolicy(decodeHex(c.policy));
    if (c.refusal !== undefined) continue;
    const s = openCheckpoint(policy, decodeHex(c.note));
    const pq = c.expect?.cosignatures.filter((x) => x.witness === "w2").map((x) => x.witness);
    assert.deepEqual(s.unchecked, pq, c.name);
    assert.equal(s.cosignatures.length + s.unchecked.length, c.expect?.cosignatures.length);
    if (s.unchecked.length > 0) unchecked++;
  }
  assert.ok(unchecked > 0);
});

interface PolicyCase {
  name: string;
  policy: string;
  refused?: boolean;
  logs?: string[];
  witnesses?: { name: string; verifier_key: string }[];
  quorum?: string;
  sets?: { witnesses: number[]; is_quorum: boolean }[];
}

/** The octets of a name, which are not UTF-8 if it has lone surrogates. */
function octets(name: string): string {
  if (!/\p{Cs}/u.test(name)) return Buffer.from(name).toString("hex");
  return Array.from(name, (c) => (c.charCodeAt(0) & 0xff).toString(16).padStart(2, "0")).join("");
}

test("policy vectors", () => {
  for (const c of readCases<PolicyCase>("policy")) {
    if (c.refused) {
      assert.equal(
        refusalOf(() => parsePolicy(decodeHex(c.policy))),
        "malformed",
        c.name,
      );
      continue;
    }
    const p = parsePolicy(decodeHex(c.policy));
    const witnesses = p.witnesses.map((w) => ({ name: octets(w.name), verifier_key: w.key.text }));
    assert.deepEqual(
      p.logs.map((l) => l.key.text),
      c.logs ?? [],
      c.name,
    );
    assert.deepEqual(witnesses, c.witnesses ?? [], c.name);
    assert.equal(octets(p.quorum), c.quorum, c.name);
    for (const s of c.sets ?? []) {
      const names = s.witnesses.map((i) => p.witnesses[i]?.name ?? "");
      assert.equal(isQuorum(p, names), s.is_quorum, `${c.name}: ${names.join(" ")}`);
    }
  }
});

interface ProofCase {
  name: string;
  policy: string;
  proof: string;
  entry?: string;
  refusal?: string;
  index?: number;
  hashes?: string[];
  extra?: string;
}

test("tlog-proof vectors", () => {
  for (const c of readCases<ProofCase>("tlog-proof")) {
    const data = decodeHex(c.proof);
    const refusal = refusalOf(() => {
      const p = parseTLogProof(data);
      assert.deepEqual(encodeHex(formatTLogProof(p)), c.proof, c.name);
      assert.equal(p.index, c.index ?? 0, c.name);
      assert.deepEqual(p.hashes.map(encodeHex), c.hashes ?? [], c.name);
      assert.equal(p.extra && encodeHex(p.extra), c.extra, c.name);
      verifyTLogProof(p, parsePolicy(decodeHex(c.policy)), decodeHex(c.entry ?? ""));
    });
    assert.equal(refusal, c.refusal, c.name);
  }
});

interface TreeCase {
  name: string;
  leaves?: string[];
  leaf_hashes?: string[];
  roots?: string[];
  index?: number;
  leaf_hash?: string;
  older_size?: number;
  older_root?: string;
  size?: number;
  root?: string;
  proof?: string[];
  refused?: boolean;
}

test("rfc6962 vectors", () => {
  const [log, ...cases] = readCases<TreeCase>("rfc6962");
  assert.deepEqual(
    log?.leaves?.map((l) => encodeHex(hashLeaf(decodeHex(l)))),
    log?.leaf_hashes,
  );
  for (const c of cases) {
    const head = { size: c.size ?? 0, root: decodeHex(c.root ?? "") };
    const proof = (c.proof ?? []).map(decodeHex);
    const refusal = refusalOf(() => {
      if (c.index !== undefined) return verifyInclusion(c.index, decodeHex(c.leaf_hash ?? ""), proof, head);
      const older = { size: c.older_size ?? 0, root: decodeHex(c.older_root ?? "") };
      return verifyConsistency(older, head, proof);
    });
    assert.equal(refusal, c.refused ? "proof" : undefined, c.name);
    if (c.refused) continue;
    const older = c.older_size ?? 0;
    const ranges =
      c.index !== undefined
        ? inclusionRanges(c.index, head.size)
        : older > 0
          ? consistencyRanges(older, head.size)
          : [];
    assert.equal(ranges.length, proof.length, c.name);
  }
});

interface TileCase {
  name: string;
  refused?: boolean;
  path?: string;
  kind?: string;
  level?: number;
  index?: number;
  width?: number;
  bundle?: string;
  count?: number;
  entries?: string[];
}

test("vectors of tiles' paths and of bundles", () => {
  for (const c of readCases<TileCase>("tiles")) {
    const { path, bundle } = c;
    if (path !== undefined) {
      const refusal = refusalOf(() => {
        const t = parseTilePath(path);
        assert.equal(tilePath(t), path);
        assert.deepEqual(t, { kind: c.kind, level: c.level ?? 0, index: c.index ?? 0, width: c.width });
      });
      assert.equal(refusal, c.refused ? "malformed" : undefined, c.name);
    } else if (bundle !== undefined) {
      const refusal = refusalOf(() => {
        const got = parseEntryBundle(decodeHex(bundle), c.count ?? 0);
        assert.deepEqual(got.map(encodeHex), c.entries ?? [], c.name);
      });
      assert.equal(refusal, c.refused ? "malformed" : undefined, c.name);
    }
  }
});
