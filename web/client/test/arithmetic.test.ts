import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { ibst, ladder } from "../src/index.js";
import { readVectors, runAll, testShared } from "./vectors.js";

// The tree that the draft defines inductively, from its text: the root of the n entries from
// `offset` on splits off the greatest power of two, less one, to its left.
function subtreeRoot(offset: number, n: number): number {
  let power = 1;
  while (power * 2 <= n) power *= 2;
  return offset + power - 1;
}

function naivePath(x: number, n: number): number[] {
  const out: number[] = [];
  let offset = 0;
  for (let size = n; ;) {
    const root = subtreeRoot(offset, size);
    out.push(root);
    if (root === x) return out;
    if (x < root) size = root - offset;
    else {
      size = offset + size - root - 1;
      offset = root + 1;
    }
  }
}

function naiveChildren(x: number, n: number): (number | undefined)[] {
  const children: (number | undefined)[] = [undefined, undefined];
  let offset = 0;
  let size = n;
  for (;;) {
    const root = subtreeRoot(offset, size);
    const sides = [
      [offset, root - offset],
      [root + 1, offset + size - root - 1],
    ] as const;
    if (root === x) {
      sides.forEach(([o, s], i) => {
        children[i] = s > 0 ? subtreeRoot(o, s) : undefined;
      });
      return children;
    }
    [offset, size] = sides[x < root ? 0 : 1];
  }
}

/** The draft's two bullets of "Updating Views of the Tree". */
function naiveUpdateView(old: number, n: number): number[] {
  const frontier = n === 0 ? [] : naivePath(n - 1, n);
  if (old === 0) return frontier;
  const ancestors = naivePath(old - 1, n)
    .slice(0, -1)
    .reverse();
  const list = ancestors.filter((p) => p >= old);
  const from = list.at(-1) ?? old - 1;
  return [...list, ...frontier.filter((p) => p > from)];
}

function checkEntry(x: number, n: number): void {
  assert.deepEqual(ibst.path(x, n), naivePath(x, n), `path of ${x} in ${n}`);
  assert.deepEqual([ibst.left(x), ibst.right(x, n)], naiveChildren(x, n), `children of ${x} in ${n}`);
}

test("the implicit tree is the one that the draft defines inductively, up to 130 entries", () => {
  assert.deepEqual(ibst.frontier(0), []);
  for (let n = 1; n <= 130; n++) {
    assert.deepEqual(ibst.frontier(n), naivePath(n - 1, n));
    for (let x = 0; x < n; x++) checkEntry(x, n);
    for (let old = 0; old <= n; old++) {
      assert.deepEqual(ibst.updateView(old, n), naiveUpdateView(old, n), `${old} to ${n}`);
    }
  }
});

test("the implicit tree of large logs is the same, up to the greatest", () => {
  for (const k of [30, 31, 32, 33, 50, 51, 52]) {
    for (const n of [2 ** k - 2, 2 ** k - 1, 2 ** k, 2 ** k + 1, 1.5 * 2 ** k + 1].filter(
      (v) => v <= ibst.maxLogSize,
    )) {
      const third = Math.floor(n / 3);
      for (const x of [0, 1, 2, third, Math.floor(n / 2), n - third, n - 3, n - 2, n - 1]) {
        checkEntry(x, n);
        assert.deepEqual(ibst.updateView(x + 1, n), naiveUpdateView(x + 1, n), `${x + 1} to ${n}`);
      }
    }
  }
  fc.assert(
    fc.property(fc.integer({ min: 1, max: ibst.maxLogSize }), fc.nat(), (n, seed) => checkEntry(seed % n, n)),
  );
});

test("broken requirements of the implicit tree are the caller's mistakes", () => {
  for (const broken of [
    () => ibst.root(0),
    () => ibst.root(ibst.maxLogSize + 1),
    () => ibst.right(5, 5),
    () => ibst.path(7, 7),
    () => ibst.path(-1, 7),
    () => ibst.path(Number.NaN, 7),
    () => ibst.updateView(6, 5),
    () => ibst.distinguishedPath(1, 1, 0, 0, () => 0),
    () => ibst.spanToward(ibst.rootSpan(1, 5), 0, 0, 1),
  ]) {
    assert.throws(broken, RangeError);
  }
});

/** The recursion of the draft's "Reasonable Monitoring Window". */
function naiveDistinguished(ts: readonly number[], window: number): number[] {
  const out: number[] = [];
  const visit = (offset: number, n: number, left: number, right: number): void => {
    if (n === 0 || right - left < window) return;
    const root = subtreeRoot(offset, n);
    const own = ts[root] ?? 0;
    visit(offset, root - offset, left, own);
    out.push(root);
    visit(root + 1, offset + n - root - 1, own, right);
  };
  visit(0, ts.length, 0, ts.at(-1) ?? 0);
  return out;
}

/** Holds all that ibst says of a log's distinguished entries against which they are. */
function checkDistinguished(ts: readonly number[], window: number, want: readonly number[]): void {
  const n = ts.length;
  const timestamp = (p: number): number => ts[p] ?? assert.fail(`timestamp of ${p}`);
  for (let x = 0; x < n; x++) {
    const asked = new Set<number>();
    const got = ibst.distinguishedPath(x, n, timestamp(n - 1), window, (p) => {
      assert.ok(p !== x && !asked.has(p), `the timestamp of ${p} is not needed`);
      asked.add(p);
      return timestamp(p);
    });
    assert.deepEqual(
      got,
      naivePath(x, n).filter((p) => want.includes(p)),
      `path to ${x} of ${n}`,
    );
  }
  if (n > 0) assert.equal(ibst.rightmostDistinguished(n, window, timestamp), want.at(-1));
}

test("distinguished entries are those of the draft's recursion", () => {
  const steps = fc.array(fc.oneof(fc.constant(0), fc.nat(12)), { minLength: 1, maxLength: 70 });
  fc.assert(
    fc.property(steps, fc.constantFrom(0, 1, 10, 60, 300, 2 ** 40), (increments, window) => {
      let now = 0;
      const ts = increments.map((d) => (now += d));
      checkDistinguished(ts, window, naiveDistinguished(ts, window));
    }),
  );
});

test("spans lead to both children, and those that run backward are not distinguished", () => {
  assert.equal(ibst.isDistinguished({ position: 0, left: 2, right: 1 }, 0), false);
  assert.equal(ibst.isDistinguished({ position: 0, left: 0, right: 2 ** 53 - 1 }, 2 ** 53 - 1), true);
  assert.deepEqual(ibst.spanToward(ibst.rootSpan(8, 100), 2, 50, 8), { position: 3, left: 0, right: 50 });
  assert.deepEqual(ibst.spanToward(ibst.rootSpan(10, 100), 9, 50, 10), { position: 9, left: 50, right: 100 });
});

interface ImplicitTree {
  size: number;
  root: number;
  frontier: number[];
  direct_paths: number[][];
  view_updates: number[][];
}

test("vectors: implicit-tree", () => {
  runAll(readVectors<ImplicitTree>("implicit-tree").cases, { agreed: 26 }, (c) => {
    assert.equal(ibst.root(c.size), c.root);
    assert.deepEqual(ibst.frontier(c.size), c.frontier);
    assert.equal(c.direct_paths.length, c.size);
    c.direct_paths.forEach((want, x) => {
      assert.deepEqual(ibst.path(x, c.size).slice(0, -1).reverse(), want);
    });
    assert.equal(c.view_updates.length, c.size + 1);
    c.view_updates.forEach((want, old) => assert.deepEqual(ibst.updateView(old, c.size), want));
    return "agreed";
  });
});

interface DistinguishedEntries {
  timestamps: number[];
  reasonable_monitoring_window: number;
  maximum_lifetime?: number;
  distinguished: number[];
  expired: number[];
}

test("vectors: distinguished-entries", () => {
  runAll(readVectors<DistinguishedEntries>("distinguished-entries").cases, { agreed: 9 }, (c) => {
    checkDistinguished(c.timestamps, c.reasonable_monitoring_window, c.distinguished);
    return "agreed";
  });
});

interface Ladders {
  version: number;
  base: number[];
  monitoring: number[];
  search: { greatest: number; lookups: number[]; order: number }[];
}

/** What a whole search binary ladder says: -1, 0 or 1. */
function interpret(
  target: number,
  lookups: readonly number[],
  included: (v: number, i: number) => boolean,
): number {
  const ends = lookups.map((v, i) => ladder.step(target, v, included(v, i)));
  const last = ends.at(-1);
  assert.ok(
    ends.slice(0, -1).every((e) => e === undefined),
    "a ladder goes on after its end",
  );
  return last === "less" ? -1 : last === "greater" ? 1 : 0;
}

test("vectors: binary-ladder", () => {
  runAll(readVectors<Ladders>("binary-ladder").cases, { agreed: 27 }, (c) => {
    assert.deepEqual(ladder.base(c.version), c.base);
    assert.deepEqual(ladder.monitoring(c.version), c.monitoring);
    assert.ok(c.search.length > 0);
    for (const s of c.search) {
      assert.deepEqual(ladder.search(c.version, s.greatest), s.lookups);
      assert.equal(
        interpret(c.version, s.lookups, (v) => v <= s.greatest),
        s.order,
      );
    }
    return "agreed";
  });
});

test("every ladder establishes its target, and a search ladder is a prefix of the base ladder", () => {
  const version = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constant(2 ** 32 - 1));
  fc.assert(
    fc.property(version, fc.oneof(version, fc.constant(-1)), (target, greatest) => {
      const base = ladder.base(target);
      assert.equal(new Set(base).size, base.length);
      assert.ok(base.length <= 64 && base.every((v) => v < 2 ** 32));
      assert.ok(base.includes(target), "the target is looked up");
      assert.ok(target === 2 ** 32 - 1 || base.includes(target + 1), "and so is the version after it");
      const lookups = ladder.search(target, greatest);
      assert.deepEqual(lookups, base.slice(0, lookups.length));
      assert.equal(
        interpret(target, lookups, (v) => v <= greatest),
        Math.sign(greatest - target),
      );
    }),
  );
});

interface IbstExpect {
  root: number;
  frontier: number[];
  nodes: { index: number; left: number | null; right: number | null }[];
}

// Sizes above maxLogSize cannot be numbers. A head of such a log is refused before any of this.
testShared<{ size: number }, IbstExpect>("ibst", { agreed: 33, beyond: 5 }, ({ input: { size }, expect }) => {
  if (size > ibst.maxLogSize) {
    assert.throws(() => ibst.root(size), RangeError);
    return "beyond";
  }
  assert.equal(ibst.root(size), expect.root);
  assert.deepEqual(ibst.frontier(size), expect.frontier);
  assert.ok(expect.nodes.length > 0);
  for (const n of expect.nodes) {
    assert.equal(ibst.left(n.index) ?? null, n.left);
    assert.equal(ibst.right(n.index, size) ?? null, n.right);
  }
  return "agreed";
});

// The cases with right_edge_unchecked pin the draft's text before 2026-07-28, in which nothing is
// provided when the entry that was rightmost is still on the frontier. Now it is the rest of the
// frontier, which is all that the two differ in.
testShared<
  { size: number; advertised?: number },
  { entries: number[]; right_edge_unchecked?: boolean; frontier?: number[] }
>("update-view", { agreed: 175, olderReading: 15 }, ({ input, expect }) => {
  const got = ibst.updateView(input.advertised ?? 0, input.size);
  if (expect.right_edge_unchecked !== true) {
    assert.deepEqual(got, expect.entries);
    return "agreed";
  }
  assert.deepEqual(expect.entries, []);
  assert.deepEqual(got, ibst.frontierFrom((input.advertised ?? 0) - 1, input.size).slice(1));
  assert.ok(got.length > 0);
  return "olderReading";
});

testShared<
  { size: number; timestamps: number[]; window: number },
  { rightmost?: number; previous_rightmost?: number }
>("distinguished", { agreed: 42 }, ({ input, expect }) => {
  const { timestamps, window, size } = input;
  assert.equal(timestamps.length, size);
  const want = naiveDistinguished(timestamps, window);
  checkDistinguished(timestamps, window, want);
  assert.equal(want.at(-1), expect.rightmost);
  assert.equal(want.filter((p) => p !== size - 1).at(-1), expect.previous_rightmost);
  return "agreed";
});

interface LadderInput {
  kind: string;
  greatest?: number;
  target?: number;
  left_inclusion?: number[];
  right_non_inclusion?: number[];
}

testShared<LadderInput, { versions: number[] }>("binary-ladder", { agreed: 76 }, ({ input, expect }) => {
  const { greatest = -1, target = -1 } = input;
  const known = [...(input.left_inclusion ?? []), ...(input.right_non_inclusion ?? [])];
  const got: Record<string, () => number[]> = {
    base: () => ladder.base(greatest),
    monitoring: () => ladder.monitoring(target),
    search: () => ladder.search(target, greatest).filter((v) => !known.includes(v)),
  };
  assert.deepEqual(got[input.kind]?.(), expect.versions);
  return "agreed";
});

testShared<{ greatest: number; target: number; ladder: number[]; results: boolean[] }, { verdict: number }>(
  "ladder-interpretation",
  { agreed: 211 },
  ({ input, expect }) => {
    assert.deepEqual(ladder.search(input.target, input.greatest), input.ladder);
    assert.equal(input.results.length, input.ladder.length);
    assert.equal(
      interpret(input.target, input.ladder, (_, i) => input.results[i] === true),
      expect.verdict,
    );
    return "agreed";
  },
);
