import { sha256 } from "@noble/hashes/sha2.js";

import { equalBytes } from "./bytes.js";
import { Refusal } from "./errors.js";

/** The root of the first size leaves of a log. */
export interface Root {
  size: number;
  root: Uint8Array;
}

/** A range [lo, hi) of leaves. */
export type Range = readonly [lo: number, hi: number];

/** The root of the tree of no leaves. */
export const emptyRoot = sha256(new Uint8Array());

/** Returns the hash of a leaf (RFC 6962, Section 2.1). */
export function hashLeaf(leaf: Uint8Array): Uint8Array {
  return sha256.create().update(Uint8Array.of(0)).update(leaf).digest();
}

/** Returns the hash of a parent (RFC 6962, Section 2.1). */
export function hashChildren(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256.create().update(Uint8Array.of(1)).update(left).update(right).digest();
}

/** Returns the greatest power of two below n. Requires n > 1. */
function split(n: number): number {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
}

/**
 * Returns the ranges whose hashes prove the inclusion of a leaf, from its sibling upwards
 * (RFC 6962, Section 2.1.1). Requires index < size.
 */
export function inclusionRanges(index: number, size: number): Range[] {
  const out: Range[] = [];
  for (let [lo, hi] = [0, size]; hi - lo > 1;) {
    const mid = lo + split(hi - lo);
    out.push(index < mid ? [mid, hi] : [lo, mid]);
    if (index < mid) hi = mid;
    else lo = mid;
  }
  return out.reverse();
}

/**
 * Returns the ranges whose hashes prove that the first old leaves of a log of size leaves
 * are an older log (RFC 6962, Section 2.1.2). Requires 0 < old <= size.
 */
export function consistencyRanges(old: number, size: number): Range[] {
  const out: Range[] = [];
  let [lo, hi] = [0, size];
  while (hi !== old) {
    const mid = lo + split(hi - lo);
    out.push(old <= mid ? [mid, hi] : [lo, mid]);
    if (old <= mid) hi = mid;
    else lo = mid;
  }
  // SPEC: the subtree of all old leaves is known and left out.
  if (lo > 0) out.push([lo, hi]);
  return out.reverse();
}

/**
 * Verifies that a leaf is in the log of which root is the root.
 * Throws a Refusal "proof".
 */
export function verifyInclusion(index: number, leafHash: Uint8Array, proof: Uint8Array[], head: Root): void {
  const ranges = index < head.size ? inclusionRanges(index, head.size) : undefined;
  if (ranges?.length !== proof.length)
    throw new Refusal("proof", "the proof of inclusion has another length");
  const root = ranges.reduce((h, [lo], i) => {
    const sibling = proof[i] ?? emptyRoot;
    return lo > index ? hashChildren(h, sibling) : hashChildren(sibling, h);
  }, leafHash);
  requireRoot(root, head.root, "the proof of inclusion");
}

/**
 * Verifies that the newer log begins with the older one. That a proof is wrong is no
 * evidence of anything, because anybody can make a wrong one. Throws a Refusal "proof".
 */
export function verifyConsistency(older: Root, newer: Root, proof: Uint8Array[]): void {
  if (older.size > newer.size) throw new Refusal("proof", "the first log is not the older one");
  for (const r of [older, newer]) {
    if (r.size === 0) requireRoot(emptyRoot, r.root, "the log of no entries");
  }
  const ranges = older.size === 0 ? [] : consistencyRanges(older.size, newer.size);
  if (ranges.length !== proof.length)
    throw new Refusal("proof", "the proof of consistency has another length");
  if (older.size === 0) return;
  // The first hash is that of the lowest subtree that ends where the older log does.
  const inside = ranges[0] !== undefined && ranges[0][1] === older.size;
  let oldRoot = inside ? (proof[0] ?? emptyRoot) : older.root;
  let newRoot = oldRoot;
  ranges.slice(inside ? 1 : 0).forEach(([lo], i) => {
    const h = proof[inside ? i + 1 : i] ?? emptyRoot;
    const isRight = lo >= older.size;
    newRoot = isRight ? hashChildren(newRoot, h) : hashChildren(h, newRoot);
    if (!isRight) oldRoot = hashChildren(h, oldRoot);
  });
  requireRoot(oldRoot, older.root, "the proof of consistency");
  requireRoot(newRoot, newer.root, "the proof of consistency");
}

function requireRoot(got: Uint8Array, want: Uint8Array, what: string): void {
  if (!equalBytes(got, want)) throw new Refusal("proof", `${what} leads to another root`);
}
