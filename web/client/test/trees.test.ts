import assert from "node:assert/strict";
import { test } from "node:test";

import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";

import * as kt from "../src/index.js";
import { hex, hexes, readVectors, refusal, runAll, testShared } from "./vectors.js";

const { logtree } = kt;

// A naive log tree, from the draft's text alone: whole subtrees are hashed from all leaves.

function powerBelow(n: number): number {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
}

function naiveNode(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves;
  if (first === undefined) return assert.fail("a tree without leaves");
  if (leaves.length === 1) return first;
  const k = powerBelow(leaves.length);
  const content = (part: readonly Uint8Array[]): Uint8Array =>
    kt.concat(Uint8Array.of(part.length === 1 ? 0 : 1), naiveNode(part));
  return sha256(kt.concat(content(leaves.slice(0, k)), content(leaves.slice(k))));
}

function naiveValue(leaves: readonly Uint8Array[], node: kt.logtree.Node): Uint8Array {
  const { lo, hi } = logtree.nodeRange(node);
  return naiveNode(leaves.slice(lo, hi));
}

/** The fewest balanced subtrees that a log of n leaves falls apart into, left to right. */
function naiveFull(n: number): string[] {
  const out: string[] = [];
  let lo = 0;
  for (let level = 60; level >= 0; level--) {
    if (Math.floor(n / 2 ** level) % 2 === 1) {
      out.push(`${level}/${lo / 2 ** level}`);
      lo += 2 ** level;
    }
  }
  return out;
}

const show = (n: kt.logtree.Node): string => `${n.level}/${n.index}`;

const someLeaves = Array.from({ length: 70 }, (_, i) => sha256(Uint8Array.of(i)));

test("a log that grows leaf by leaf has the heads and roots of the whole tree", () => {
  let heads: Uint8Array[] = [];
  assert.deepEqual(logtree.fullSubtrees(0), []);
  assert.equal(
    refusal(() => logtree.root(0, [])),
    "proof",
  );
  someLeaves.forEach((leaf, i) => {
    heads = logtree.append(i, heads, leaf);
    const leaves = someLeaves.slice(0, i + 1);
    const full = logtree.fullSubtrees(i + 1);
    assert.deepEqual(full.map(show), naiveFull(i + 1));
    assert.deepEqual(
      heads,
      full.map((n) => naiveValue(leaves, n)),
    );
    assert.deepEqual(logtree.root(i + 1, heads), naiveNode(leaves));
    for (const wrong of [heads.slice(1), [...heads, leaf]]) {
      assert.equal(
        refusal(() => logtree.root(i + 1, wrong)),
        "proof",
      );
      assert.equal(
        refusal(() => logtree.append(i + 1, wrong, leaf)),
        "proof",
      );
    }
  });
});

/** A log of n leaves, the size that its verifier has seen, proven leaves, and earlier sizes. */
const proofCase = fc.integer({ min: 1, max: someLeaves.length }).chain((n) =>
  fc.record({
    n: fc.constant(n),
    old: fc.nat(n),
    positions: fc.uniqueArray(fc.nat(n - 1), { maxLength: 6 }).map((p) => p.sort((a, b) => a - b)),
    earlier: fc.array(fc.integer({ min: 1, max: n }), { maxLength: 2 }),
  }),
);

function makeProof(c: { n: number; old: number; positions: number[]; earlier: number[] }): {
  heads: Uint8Array[];
  leaves: kt.logtree.Leaf[];
  elements: Uint8Array[];
} {
  const leaves = someLeaves.slice(0, c.n);
  return {
    heads: logtree.fullSubtrees(c.old).map((n) => naiveValue(leaves, n)),
    leaves: c.positions.map((position) => ({ position, value: leaves[position] ?? assert.fail() })),
    elements: logtree.proof(c.n, c.old, c.positions, c.earlier).map((n) => naiveValue(leaves, n)),
  };
}

test("a proof leads to the root, to the heads, and to the roots of earlier logs", () => {
  fc.assert(
    fc.property(proofCase, (c) => {
      const p = makeProof(c);
      const leaves = someLeaves.slice(0, c.n);
      const got = logtree.evaluate(c.n, c.old, p.heads, p.leaves, p.elements, c.earlier);
      assert.deepEqual(got.root, naiveNode(leaves));
      assert.deepEqual(
        got.heads,
        logtree.fullSubtrees(c.n).map((n) => naiveValue(leaves, n)),
      );
      const sizes = [c.old, ...c.earlier, ...c.positions.map((pos) => pos + 1)].filter((m) => m > 0);
      for (const m of sizes) {
        const heads = got.subtrees(m) ?? assert.fail(`no subtrees of ${m}`);
        assert.deepEqual(logtree.root(m, heads), naiveNode(leaves.slice(0, m)));
      }
      for (const node of logtree.proof(c.n, c.old, c.positions, c.earlier)) {
        assert.deepEqual(got.value(node), naiveValue(leaves, node));
      }
    }),
    { numRuns: 300 },
  );
});

test("what is changed in a proof is refused, or leads to another root", () => {
  const change = fc.record({
    what: fc.constantFrom("heads", "leaves", "elements"),
    index: fc.nat(),
    bit: fc.nat(255),
  });
  let refused = 0;
  fc.assert(
    fc.property(proofCase, change, (c, { what, index, bit }) => {
      const p = makeProof(c);
      const list = what === "leaves" ? p.leaves.map((l) => l.value) : what === "heads" ? p.heads : p.elements;
      fc.pre(list.length > 0);
      const i = index % list.length;
      const changed = (list[i] ?? assert.fail()).slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (what === "leaves") p.leaves[i] = { position: c.positions[i] ?? 0, value: changed };
      else list[i] = changed;
      const root = naiveNode(someLeaves.slice(0, c.n));
      const kind = refusal(() => {
        const got = logtree.evaluate(c.n, c.old, p.heads, p.leaves, p.elements, c.earlier);
        assert.notDeepEqual(got.root, root);
      });
      assert.ok(kind === undefined || kind === "proof");
      if (kind === "proof") refused++;
    }),
    { numRuns: 300 },
  );
  assert.ok(refused > 0, "no change was held against a retained head");
});

test("log tree proofs with other numbers of parts are refused", () => {
  const c = { n: 13, old: 5, positions: [2, 7], earlier: [] };
  const p = makeProof(c);
  const [e0 = assert.fail()] = p.elements;
  const [l0 = assert.fail(), l1 = assert.fail()] = p.leaves;
  const beyond = { position: 13, value: l0.value };
  const run = (n: number, old: number, q: Partial<typeof p>, earlier: number[] = []): (() => unknown) => {
    const { heads, leaves, elements } = { ...p, ...q };
    return () => logtree.evaluate(n, old, heads, leaves, elements, earlier);
  };
  for (const [what, broken] of Object.entries({
    "an element less": run(13, 5, { elements: p.elements.slice(1) }),
    "an element more": run(13, 5, { elements: [...p.elements, e0] }),
    "no element": run(13, 5, { elements: [] }),
    "a head less": run(13, 5, { heads: p.heads.slice(1) }),
    "a head more": run(13, 5, { heads: [...p.heads, e0] }),
    "leaves descend": run(13, 5, { leaves: [l1, l0] }),
    "a leaf twice": run(13, 5, { leaves: [l0, l0] }),
    "a leaf beyond": run(13, 5, { leaves: [l0, beyond] }),
    "another size": run(12, 5, {}),
    "an older log than retained": run(4, 5, { leaves: [], elements: [] }),
    "an empty log": run(0, 0, { heads: [], leaves: [], elements: [] }),
    "too large a log": run(2 ** 53, 0, { heads: [], leaves: [], elements: [e0] }),
    "an earlier log that is larger": run(13, 5, {}, [14]),
  })) {
    assert.equal(refusal(broken), "proof", what);
  }
});

interface LogTreeVector {
  name: string;
  size?: number;
  retained_size?: number;
  retained_heads?: string[];
  leaves?: number[];
  leaf_values?: string[];
  auditor_size?: number;
  nodes?: [number, number][];
  elements?: string[];
  root: string;
  refused?: boolean;
  entries?: { position: number; timestamp: number; prefix_tree: string }[];
  encodings?: string[];
  leaf_hashes?: string[];
  roots?: string[];
}

function checkLog(c: LogTreeVector): string {
  let heads: Uint8Array[] = [];
  (c.entries ?? []).forEach((e, i) => {
    const entry = { timestamp: e.timestamp, prefixTree: hex(e.prefix_tree) };
    assert.deepEqual(kt.encodeLogEntry(entry), hex(c.encodings?.[i]));
    assert.deepEqual(kt.parseLogEntry(hex(c.encodings?.[i])), entry);
    assert.deepEqual(kt.logEntryHash(entry), hex(c.leaf_hashes?.[i]));
    heads = logtree.append(i, heads, kt.logEntryHash(entry));
    assert.deepEqual(logtree.root(i + 1, heads), hex(c.roots?.[i]));
  });
  return "the log";
}

test("vectors: log-tree", () => {
  runAll(readVectors<LogTreeVector>("log-tree").cases, { "the log": 1, agreed: 160, refused: 140 }, (c) => {
    if (c.entries !== undefined) return checkLog(c);
    const { size = 0, retained_size: old = 0, leaves = [], auditor_size } = c;
    const earlier = auditor_size === undefined ? [] : [auditor_size];
    const values = hexes(c.leaf_values);
    const proven = leaves.map((position, i) => ({ position, value: values[i] ?? hex("") }));
    let root: Uint8Array | undefined;
    const kind = refusal(() => {
      root = logtree.evaluate(size, old, hexes(c.retained_heads), proven, hexes(c.elements), earlier).root;
    });
    if (c.refused === true) {
      assert.ok(kind === "proof" || !kt.equalBytes(root ?? hex(""), hex(c.root)), c.name);
      return "refused";
    }
    assert.equal(kind, undefined, c.name);
    assert.deepEqual(root, hex(c.root), c.name);
    const nodes = (c.nodes ?? []).map(([level, index]) => ({ level, index }));
    assert.deepEqual(logtree.proof(size, old, leaves, earlier), nodes, c.name);
    return "agreed";
  });
});

interface VectorEntry {
  timestamp: number;
  prefix_tree: string;
}

const entryHash = (e: VectorEntry): Uint8Array =>
  kt.logEntryHash({ timestamp: e.timestamp, prefixTree: hex(e.prefix_tree) });

testShared<
  { entries: VectorEntry[]; leaves: string[]; size: number },
  { full_subtrees: string[]; root: string }
>("log-append", { agreed: 64 }, ({ input, expect }) => {
  const leaves = hexes(input.leaves);
  assert.equal(leaves.length, input.size);
  assert.deepEqual(entryHash(input.entries[0] ?? assert.fail()), leaves.at(-1));
  const heads = leaves.reduce<Uint8Array[]>((before, leaf, i) => logtree.append(i, before, leaf), []);
  assert.deepEqual(heads, hexes(expect.full_subtrees));
  assert.deepEqual(logtree.root(input.size, heads), hex(expect.root));
  const all = leaves.map((value, position) => ({ position, value }));
  assert.deepEqual(logtree.evaluate(input.size, 0, [], all, []).root, hex(expect.root));
  return "agreed";
});

/** The vectors' number of a node: a subtree over [lo, hi) is lo+hi-1. */
const flatIndex = (n: kt.logtree.Node): number => {
  const { lo, hi } = logtree.nodeRange(n);
  return lo + hi - 1;
};

testShared<{ kind: string; size: number; leaves?: number[]; retained_size?: number }, { indices: number[] }>(
  "log-math",
  { "full-subtrees": 24, "batch-copath": 1655 },
  ({ input, expect }) => {
    const nodes =
      input.kind === "full-subtrees"
        ? logtree.fullSubtrees(input.size)
        : logtree.proof(input.size, input.retained_size ?? 0, input.leaves ?? []);
    assert.deepEqual(nodes.map(flatIndex), expect.indices);
    return input.kind;
  },
);

testShared<
  { entries: VectorEntry[]; requests: { proven_leaves?: number[]; retained_size?: number }[] },
  {
    full_subtrees: string[];
    leaf_values: string[];
    root: string;
    proofs: { elements: string[]; proof: string }[];
  }
>("log-tree", { agreed: 19 }, ({ input, expect }) => {
  const leaves = input.entries.map(entryHash);
  assert.deepEqual(leaves, hexes(expect.leaf_values));
  const size = leaves.length;
  const headsOf = (n: number): Uint8Array[] =>
    logtree.fullSubtrees(n).map((node) => naiveValue(leaves, node));
  assert.deepEqual(headsOf(size), hexes(expect.full_subtrees));
  assert.equal(input.requests.length, expect.proofs.length);
  input.requests.forEach(({ proven_leaves: positions = [], retained_size: old = 0 }, i) => {
    const want = expect.proofs[i] ?? assert.fail();
    const elements = logtree.proof(size, old, positions).map((n) => naiveValue(leaves, n));
    assert.deepEqual(elements, hexes(want.elements));
    assert.deepEqual(new kt.Writer().hashes(2, elements).bytes(), hex(want.proof));
    const proven = positions.map((position) => ({ position, value: leaves[position] ?? assert.fail() }));
    const got = logtree.evaluate(size, old, headsOf(old), proven, elements);
    assert.deepEqual(got.root, hex(expect.root));
    assert.deepEqual(got.heads, headsOf(size));
  });
  return "agreed";
});
