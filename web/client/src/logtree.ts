// The log tree of KEYTRANS ("Log Tree" under "Tree Construction", "Cryptographic Computations"
// and "Tree Proofs"): a left-balanced binary tree that is append-only.
//
// It is not the tree of RFC 6962: leaves enter as hashes, and a parent hashes each child behind a
// tag that says whether the child is a leaf or a parent. Proofs carry only heads of balanced
// subtrees, so that a verifier can retain every node it has ever seen.

import { sha256 } from "@noble/hashes/sha2.js";

import { equalBytes } from "./bytes.js";
import { hashSize } from "./codec.js";
import { Refusal } from "./errors.js";
import { bitLength, maxLogSize } from "./ibst.js";

/**
 * The head of the balanced subtree over the leaves [index * 2^level, (index + 1) * 2^level).
 * Level 0 is a leaf.
 */
export interface Node {
  level: number;
  index: number;
}

/** Returns the leaves [lo, hi) that a node covers. */
export function nodeRange(n: Node): { lo: number; hi: number } {
  const size = 2 ** n.level;
  return { lo: n.index * size, hi: (n.index + 1) * size };
}

/** Returns the value of the parent of two nodes, each a leaf or a parent itself. */
export function parentHash(
  left: Uint8Array,
  leftLeaf: boolean,
  right: Uint8Array,
  rightLeaf: boolean,
): Uint8Array {
  const b = new Uint8Array(2 * (1 + hashSize));
  b[0] = leftLeaf ? 0 : 1;
  b.set(left, 1);
  b[1 + hashSize] = rightLeaf ? 0 : 1;
  b.set(right, 2 + hashSize);
  return sha256(b);
}

const greatestPower = (n: number): number => 2 ** (bitLength(n) - 1);

const isBalanced = (n: number): boolean => greatestPower(n) === n;

const nodeOver = (lo: number, hi: number): Node => ({ level: bitLength(hi - lo) - 1, index: lo / (hi - lo) });

const nodeKey = (n: Node): string => `${n.level}/${n.index}`;

/**
 * Returns the largest balanced subtrees of a log of n leaves, left to right, one for each bit set
 * in n.
 */
export function fullSubtrees(n: number): Node[] {
  const out: Node[] = [];
  for (let lo = 0; lo < n;) {
    const hi = lo + greatestPower(n - lo);
    out.push(nodeOver(lo, hi));
    lo = hi;
  }
  return out;
}

/**
 * Folds the heads of the full subtrees of a log of n leaves into its root. Requires n > 0 and as
 * many heads as n has full subtrees; throws a Refusal of the kind "proof" otherwise.
 */
export function root(n: number, heads: readonly Uint8Array[]): Uint8Array {
  const full = fullSubtrees(n);
  let value = heads.at(-1);
  if (value === undefined || heads.length !== full.length) {
    throw new Refusal("proof", `${heads.length} subtree heads for a log of ${n} leaves`);
  }
  let leaf = full.at(-1)?.level === 0;
  for (let i = heads.length - 2; i >= 0; i--) {
    value = parentHash(heads[i] ?? value, full[i]?.level === 0, value, leaf);
    leaf = false;
  }
  return value;
}

/**
 * Adds one leaf to a log of n leaves, given the heads of its full subtrees. Returns the heads for
 * n+1 leaves; throws a Refusal of the kind "proof" if `heads` are not as many as n requires.
 */
export function append(n: number, heads: readonly Uint8Array[], leaf: Uint8Array): Uint8Array[] {
  if (n >= maxLogSize || heads.length !== fullSubtrees(n).length) {
    throw new Refusal("proof", `${heads.length} subtree heads for a log of ${n} leaves`);
  }
  const out = [...heads];
  let value = leaf;
  for (let size = n, isLeaf = true; size % 2 === 1; size = (size - 1) / 2, isLeaf = false) {
    value = parentHash(out.pop() ?? value, isLeaf, value, isLeaf);
  }
  return [...out, value];
}

/** A leaf of the log tree: its position and its value. */
export interface Leaf {
  position: number;
  value: Uint8Array;
}

/**
 * What a verifier has: the heads of the full subtrees of a log of `old` leaves, and some leaves.
 * It has to compute the roots of earlier logs, too.
 */
interface Given {
  old: number;
  leaves: readonly number[];
  earlier: readonly number[];
}

/** Whether [lo, hi) is a full subtree of a log of `old` leaves. */
function isFullSubtree(lo: number, hi: number, old: number): boolean {
  const size = hi - lo;
  if (hi > old || !isBalanced(size)) return false;
  // The parent covers as many leaves more, to the left or to the right.
  return (lo / size) % 2 === 0 && hi + size > old;
}

/** Returns the index of the first of ascending numbers that is not less than x. */
function lowerBound(ascending: readonly number[], x: number): number {
  let lo = 0;
  let hi = ascending.length;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if ((ascending[mid] ?? Infinity) < x) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/**
 * Decides where the verifier gets the value of the subtree over [lo, hi) from: it is a proven
 * leaf or a retained head, an element of the proof, or computed from its two children.
 */
function classify(g: Given, lo: number, hi: number): "leaf" | "retained" | "missing" | "inner" {
  const next = g.leaves[lowerBound(g.leaves, lo)] ?? Infinity;
  if (hi - lo === 1 && next === lo) return "leaf";
  if (next < hi || g.earlier.some((n) => lo < n && n < hi)) return "inner";
  if (isFullSubtree(lo, hi, g.old)) return "retained";
  return isBalanced(hi - lo) && !(lo < g.old && hi > g.old) ? "missing" : "inner";
}

/** The size of the left subtree of a tree of n > 1 leaves: the greatest power of two below n. */
const split = (n: number): number => greatestPower(n - 1);

/**
 * Lists the nodes, left to right, that prove leaves included in a log of n leaves to a verifier
 * who retained the full subtrees of its first `old` leaves: the fewest heads of balanced subtrees
 * from which, with the leaves and the retained heads, the root follows. A leaf inside a retained
 * subtree still gets its whole path within it. `leaves` must ascend without duplicates. Requires
 * old <= n and every leaf < n.
 *
 * The roots of the first earlier[i] leaves follow from the proof, too: an auditor has signed one.
 * A subtree that such a log ends in is computed from its children, also if its head is retained.
 */
export function proof(
  n: number,
  old: number,
  leaves: readonly number[],
  earlier: readonly number[] = [],
): Node[] {
  const given: Given = { old, leaves, earlier };
  const out: Node[] = [];
  const visit = (lo: number, hi: number): void => {
    const kind = classify(given, lo, hi);
    if (kind === "missing") out.push(nodeOver(lo, hi));
    if (kind !== "inner") return;
    const mid = lo + split(hi - lo);
    visit(lo, mid);
    visit(mid, hi);
  };
  if (n > 0) visit(0, n);
  return out;
}

/** What a verified proof establishes about a log. */
export interface LogTreeResult {
  root: Uint8Array;
  /** The values of fullSubtrees(n), left to right. */
  heads: Uint8Array[];
  /** Returns the value of a balanced subtree, if the proof has it or leads to it. */
  value(node: Node): Uint8Array | undefined;
  /**
   * Returns the values of fullSubtrees(m), left to right, for an earlier log of m leaves, if they
   * follow from the proof. They do for what the verifier had retained, for each of the earlier
   * sizes, and for a log that ends with one of the proven leaves.
   */
  subtrees(m: number): Uint8Array[] | undefined;
}

/**
 * Computes the root of a log of n leaves from some of its leaves, the heads of the full subtrees
 * of its first `old` leaves that the verifier retained, and a proof as `proof` lists it. `leaves`
 * must ascend without duplicates. The root is only a candidate until a signature over it is
 * verified. The proof is one for the roots of the first earlier[i] leaves, too.
 *
 * Throws a Refusal of the kind "proof" if the number of elements is wrong, or if the leaves and
 * elements inside a retained subtree do not add up to its retained head.
 */
export function evaluate(
  n: number,
  old: number,
  heads: readonly Uint8Array[],
  leaves: readonly Leaf[],
  elements: readonly Uint8Array[],
  earlier: readonly number[] = [],
): LogTreeResult {
  checkSizes(n, old, earlier);
  checkLeaves(n, leaves);
  const full = fullSubtrees(old);
  if (full.length !== heads.length) refuse(`${heads.length} retained heads for a log of ${old} leaves`);
  const retained = new Map<string, Uint8Array>();
  full.forEach((node, i) => retained.set(nodeKey(node), heads[i] ?? refuse("a retained head is missing")));
  const given: Given = { old, leaves: leaves.map((l) => l.position), earlier };
  const e: Evaluation = {
    n,
    given,
    retained,
    leaves,
    elements,
    used: 0,
    heads: [],
    values: new Map(retained),
  };
  const value = visit(e, 0, n);
  if (e.used !== elements.length) refuse(`${elements.length - e.used} log tree elements too many`);
  return result(value, e.heads, e.values);
}

function result(
  root: Uint8Array,
  heads: Uint8Array[],
  values: ReadonlyMap<string, Uint8Array>,
): LogTreeResult {
  const value = (node: Node): Uint8Array | undefined => values.get(nodeKey(node));
  const subtrees = (m: number): Uint8Array[] | undefined => {
    const out = fullSubtrees(m).map(value);
    return out.every((v) => v !== undefined) ? out : undefined;
  };
  return { root, heads, value, subtrees };
}

function refuse(message: string): never {
  throw new Refusal("proof", message);
}

function checkSizes(n: number, old: number, earlier: readonly number[]): void {
  if (n <= 0 || n > maxLogSize || old > n || earlier.some((m) => m > n)) {
    refuse(`a log of ${n} leaves after one of ${old}`);
  }
}

function checkLeaves(n: number, leaves: readonly Leaf[]): void {
  let least = 0;
  for (const l of leaves) {
    if (l.position < least || l.position >= n) refuse(`leaf ${l.position} is out of order or out of range`);
    least = l.position + 1;
  }
}

interface Evaluation {
  readonly n: number;
  readonly given: Given;
  readonly retained: ReadonlyMap<string, Uint8Array>;
  readonly leaves: readonly Leaf[];
  readonly elements: readonly Uint8Array[];
  /** How many of the elements are used. */
  used: number;
  /** Of the full subtrees of n met so far. */
  heads: Uint8Array[];
  /** Of every balanced subtree that was met. */
  values: Map<string, Uint8Array>;
}

// The recursion is as deep as the tree is high: at most 53.
function visit(e: Evaluation, lo: number, hi: number): Uint8Array {
  const value = computed(e, lo, hi);
  if (!isBalanced(hi - lo)) return value;
  const key = nodeKey(nodeOver(lo, hi));
  // SPEC: Users MUST verify that the computed value for the head of any such subtree matches the
  // retained value.
  const known = e.retained.get(key);
  if (known !== undefined && !equalBytes(known, value)) {
    refuse(`leaves ${lo} to ${hi - 1} differ from the retained subtree`);
  }
  e.values.set(key, value);
  if (isFullSubtree(lo, hi, e.n)) e.heads.push(value);
  return value;
}

function computed(e: Evaluation, lo: number, hi: number): Uint8Array {
  switch (classify(e.given, lo, hi)) {
    case "leaf":
      return e.leaves[lowerBound(e.given.leaves, lo)]?.value ?? refuse("a leaf is missing");
    case "retained":
      return e.retained.get(nodeKey(nodeOver(lo, hi))) ?? refuse("a retained head is missing");
    case "missing":
      return e.elements[e.used++] ?? refuse("too few log tree elements");
    case "inner": {
      const mid = lo + split(hi - lo);
      const left = visit(e, lo, mid);
      return parentHash(left, mid - lo === 1, visit(e, mid, hi), hi - mid === 1);
    }
  }
}
