import assert from "node:assert/strict";
import { test } from "node:test";

import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";

import * as kt from "../src/index.js";
import { hex, hexes, readVectors, refusal, runAll, testShared } from "./vectors.js";

const { prefixtree } = kt;

// A naive prefix tree, from the draft's text alone: a set of leaves whose search keys share their
// first `depth` bits. Proofs are made by looking at whole sets.

const missing = new Uint8Array(32);

const keyBit = (key: Uint8Array, i: number): number => ((key[Math.floor(i / 8)] ?? 0) >> (7 - (i % 8))) & 1;

type Leaves = readonly kt.PrefixLeaf[];

const side = (leaves: Leaves, depth: number, bit: number): Leaves =>
  leaves.filter((l) => keyBit(l.vrfOutput, depth) === bit);

function naiveRoot(leaves: Leaves, depth = 0): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return missing;
  if (leaves.length === 1) return sha256(kt.concat(Uint8Array.of(2), only.vrfOutput, only.commitment));
  const [left, right] = [
    naiveRoot(side(leaves, depth, 0), depth + 1),
    naiveRoot(side(leaves, depth, 1), depth + 1),
  ];
  return sha256(kt.concat(Uint8Array.of(3), left, right));
}

function naiveSearch(
  tree: Leaves,
  key: Uint8Array,
): { result: kt.PrefixSearchResult; commitment?: Uint8Array } {
  let leaves = tree;
  let depth = 0;
  for (; leaves.length > 1; depth++) leaves = side(leaves, depth, keyBit(key, depth));
  const [leaf] = leaves;
  if (leaf === undefined) return { result: { type: kt.nonInclusionParent, depth } };
  if (!kt.equalBytes(leaf.vrfOutput, key)) return { result: { type: kt.nonInclusionLeaf, leaf, depth } };
  return { result: { type: kt.inclusion, depth }, commitment: leaf.commitment };
}

/** The values of the nodes that no search passes or ends at, beside those that some search passes. */
function naiveElements(leaves: Leaves, keys: readonly Uint8Array[], depth = 0): Uint8Array[] {
  if (keys.length === 0) return [naiveRoot(leaves, depth)];
  if (leaves.length <= 1) return [];
  return [0, 1].flatMap((bit) =>
    naiveElements(
      side(leaves, depth, bit),
      keys.filter((k) => keyBit(k, depth) === bit),
      depth + 1,
    ),
  );
}

interface NaiveProof {
  proof: kt.PrefixProof;
  commitments: (Uint8Array | undefined)[];
}

function naiveProof(tree: Leaves, keys: readonly Uint8Array[]): NaiveProof {
  const searches = keys.map((k) => naiveSearch(tree, k));
  return {
    proof: { results: searches.map((s) => s.result), elements: naiveElements(tree, keys) },
    commitments: searches.map((s) => s.commitment),
  };
}

// Few bits differ, so that keys share long prefixes, up to all but the last bit.
const key = fc
  .record({ first: fc.constantFrom(0, 1, 2, 0x40, 0x80, 0xff), last: fc.nat(255) })
  .map(({ first, last }) => {
    const b = new Uint8Array(32);
    b[0] = first;
    b[31] = last & 0xfe;
    return b;
  });
const tree = fc
  .uniqueArray(key, { selector: kt.encodeHex, maxLength: 12 })
  .map((keys) => keys.map((vrfOutput) => ({ vrfOutput, commitment: sha256(vrfOutput) })));
const treeAndKeys = tree.chain((leaves) =>
  fc.record({
    leaves: fc.constant(leaves),
    keys: fc.array(
      leaves.length === 0 ? key : fc.oneof(key, fc.constantFrom(...leaves.map((l) => l.vrfOutput))),
      {
        maxLength: 6,
      },
    ),
  }),
);

test("a proof of any searches leads to the root of the tree", () => {
  fc.assert(
    fc.property(treeAndKeys, ({ leaves, keys }) => {
      const { proof, commitments } = naiveProof(leaves, keys);
      assert.deepEqual(prefixtree.proofRoot(proof, keys, commitments), naiveRoot(leaves));
      assert.deepEqual(kt.parsePrefixProof(kt.encodePrefixProof(proof)), proof);
    }),
    { numRuns: 100 },
  );
});

test("no change of a proof gives another answer under the same root", () => {
  const pick = fc.record({
    part: fc.constantFrom("type", "depth", "leaf", "element", "commitment"),
    at: fc.nat(),
    by: fc.nat(),
  });
  fc.assert(
    fc.property(treeAndKeys, pick, ({ leaves, keys }, { part, at, by }) => {
      const p = naiveProof(leaves, keys);
      fc.pre(changePart(p, part, at, by));
      let got: Uint8Array | undefined;
      const kind = refusal(() => {
        got = prefixtree.proofRoot(p.proof, keys, p.commitments);
      });
      if (kind === undefined) assert.notDeepEqual(got, naiveRoot(leaves));
      else assert.equal(kind, "proof");
    }),
    { numRuns: 150 },
  );
});

/** Changes one part of a proof; false if it has no such part. */
function changePart(p: NaiveProof, part: string, at: number, by: number): boolean {
  const { results, elements } = p.proof;
  const i = at % Math.max(results.length, 1);
  const result = results[i];
  const flip = (b: Uint8Array): Uint8Array => b.map((v, j) => (j === by % 32 ? v ^ 1 : v));
  if (part === "element") {
    const j = at % Math.max(elements.length, 1);
    const element = elements[j];
    if (element === undefined) return false;
    elements[j] = flip(element);
    return true;
  }
  if (result === undefined) return false;
  const commitment = p.commitments[i];
  switch (part) {
    case "type":
      results[i] = { ...result, type: (((result.type + (by % 2)) % 3) + 1) as kt.ResultType };
      return true;
    case "depth":
      results[i] = { ...result, depth: (result.depth + 1 + (by % 255)) % 256 };
      return true;
    case "leaf":
      if (result.leaf === undefined) return false;
      results[i] = { ...result, leaf: { ...result.leaf, commitment: flip(result.leaf.commitment) } };
      return true;
    default:
      if (commitment === undefined) return false;
      p.commitments[i] = flip(commitment);
      return true;
  }
}

test("parts of a prefix tree proof that take no part in the root are refused", () => {
  const [k1, k2, k3] = ["00", "40", "80"].map((b) => hex(b + "00".repeat(31))) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const leaves = [k1, k2].map((vrfOutput) => ({ vrfOutput, commitment: sha256(vrfOutput) }));
  const honest = naiveProof(leaves, [k1, k3]);
  const [r1, r3] = honest.proof.results as [kt.PrefixSearchResult, kt.PrefixSearchResult];
  const [c1] = honest.commitments;
  const e = honest.proof.elements;
  const beside1 = naiveProof(leaves, [k1]).proof.elements;
  const own = leaves[0] ?? assert.fail();
  const alien = { vrfOutput: k3, commitment: k1 };
  const cases: [string, kt.PrefixSearchResult[], Uint8Array[], Uint8Array[], (Uint8Array | undefined)[]][] = [
    ["a result less", [r1], e, [k1, k3], [c1, undefined]],
    ["a result more", [r1, r3, r3], e, [k1, k3], [c1, undefined]],
    ["a commitment less", [r1, r3], e, [k1, k3], [c1]],
    ["an element less", [r1, r3], e.slice(1), [k1, k3], [c1, undefined]],
    ["an element more", [r1, r3], [...e, missing], [k1, k3], [c1, undefined]],
    ["no commitment for an inclusion", [r1, r3], e, [k1, k3], [undefined, undefined]],
    ["a commitment for a non-inclusion", [r1, r3], e, [k1, k3], [c1, c1]],
    ["a result more than keys", [r1, r3, r3], e, [k1, k3], [c1, undefined, undefined]],
    ["a leaf of the key", [{ type: 2, leaf: own, depth: 2 }], beside1, [k1], [undefined]],
    ["a leaf elsewhere", [{ type: 2, leaf: alien, depth: 2 }], beside1, [k1], [undefined]],
    ["no leaf", [{ type: 2, depth: 0 }], [], [k1], [undefined]],
    [
      "a result below another",
      [
        { type: 3, depth: 1 },
        { type: 3, depth: 2 },
      ],
      [k1],
      [k1, k2],
      [undefined, undefined],
    ],
    ["a node that is two", [r1, { type: 3, depth: 2 }], e, [k1, k1], [c1, undefined]],
    [
      "two leaves in one place",
      [
        { type: 1, depth: 1 },
        { type: 1, depth: 1 },
      ],
      [k3],
      [k1, k2],
      [c1, c1],
    ],
    [
      "a parent without children",
      [
        { type: 3, depth: 1 },
        { type: 3, depth: 1 },
      ],
      [],
      [k1, k3],
      [undefined, undefined],
    ],
    ["a zero sibling of a missing node", [{ type: 3, depth: 1 }], [missing], [k1], [undefined]],
    ["no searches and two elements", [], [k1, k2], [], []],
    ["no searches and no element", [], [], [], []],
    ["depth 255 without elements", [{ type: 3, depth: 255 }], [], [k1], [undefined]],
  ];
  assert.deepEqual(prefixtree.proofRoot(honest.proof, [k1, k3], honest.commitments), naiveRoot(leaves));
  for (const [what, results, elements, keys, commitments] of cases) {
    assert.equal(
      refusal(() => prefixtree.proofRoot({ results, elements }, keys, commitments)),
      "proof",
      what,
    );
  }
});

test("the greatest proof that fits is refused in time", () => {
  const keys = Array.from({ length: 255 }, (_, i) => sha256(Uint8Array.of(i)));
  const results = keys.map(() => ({ type: kt.nonInclusionParent, depth: 255 }) as kt.PrefixSearchResult);
  const elements = new Array<Uint8Array>(65535).fill(sha256(missing));
  assert.equal(
    refusal(() =>
      prefixtree.proofRoot(
        { results, elements },
        keys,
        keys.map(() => undefined),
      ),
    ),
    "proof",
  );
});

interface PrefixCase {
  name: string;
  leaves?: { vrf_output: string; commitment: string }[];
  leaf_hashes?: string[];
  tree?: string;
  keys?: string[];
  commitments?: (string | null)[];
  prefix_proof?: string;
  root: string;
  refused?: boolean;
}

const vectorLeaves = (list: PrefixCase["leaves"]): kt.PrefixLeaf[] =>
  (list ?? []).map((l) => ({ vrfOutput: hex(l.vrf_output), commitment: hex(l.commitment) }));

test("vectors: prefix-tree", () => {
  const trees = new Map<string, kt.PrefixLeaf[]>();
  runAll(readVectors<PrefixCase>("prefix-tree").cases, { tree: 6, agreed: 32, refused: 183 }, (c) => {
    if (c.tree === undefined) {
      const leaves = vectorLeaves(c.leaves);
      trees.set(c.name, leaves);
      assert.deepEqual(leaves.map(prefixtree.leafHash), hexes(c.leaf_hashes));
      assert.deepEqual(naiveRoot(leaves), hex(c.root));
      return "tree";
    }
    const keys = hexes(c.keys);
    const commitments = (c.commitments ?? []).map((x) => (x === null ? undefined : hex(x)));
    let root: Uint8Array | undefined;
    const kind = refusal(() => {
      root = prefixtree.proofRoot(kt.parsePrefixProof(hex(c.prefix_proof)), keys, commitments);
    });
    if (c.refused === true) {
      assert.ok(
        kind === "malformed" || kind === "proof" || !kt.equalBytes(root ?? missing, hex(c.root)),
        c.name,
      );
      return "refused";
    }
    assert.equal(kind, undefined, c.name);
    assert.deepEqual(root, hex(c.root), c.name);
    const made = naiveProof(trees.get(c.tree) ?? assert.fail(`no tree ${c.tree}`), keys);
    assert.deepEqual(kt.encodePrefixProof(made.proof), hex(c.prefix_proof), c.name);
    assert.deepEqual(made.commitments, commitments, c.name);
    return "agreed";
  });
});

interface SharedProof {
  root: string;
  proof: string;
  commitments: (string | null)[];
  results: { result_type: number; depth: number; leaf?: { vrf_output: string; commitment: string } }[];
  elements: string[];
}

testShared<{ entries: { vrf_output: string; commitment: string }[]; searches: string[] }, SharedProof>(
  "prefix-tree",
  { agreed: 11 },
  ({ input, expect }) => {
    const leaves = vectorLeaves(input.entries);
    assert.deepEqual(naiveRoot(leaves), hex(expect.root));
    const keys = hexes(input.searches);
    const made = naiveProof(leaves, keys);
    const parsed = kt.parsePrefixProof(hex(expect.proof));
    assert.deepEqual(made.proof, parsed);
    assert.deepEqual(kt.encodePrefixProof(parsed), hex(expect.proof));
    assert.deepEqual(parsed.elements, hexes(expect.elements));
    assert.deepEqual(
      parsed.results.map((r) => [r.type, r.depth]),
      expect.results.map((r) => [r.result_type, r.depth]),
    );
    const commitments = expect.commitments.map((c) => (c === null || c === "" ? undefined : hex(c)));
    assert.deepEqual(made.commitments, commitments);
    assert.deepEqual(prefixtree.proofRoot(parsed, keys, commitments), hex(expect.root));
    return "agreed";
  },
);
