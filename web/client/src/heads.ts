import { equalBytes } from "./bytes.js";
import { parse, Writer } from "./codec.js";

/**
 * The roots of the log at each of its recent distinguished entries, left to right: KEYTRANS,
 * "Detecting Forks". It is not signed, and says nothing of positions. At most 255.
 */
export interface DistinguishedHead {
  heads: Uint8Array[];
}

/** Encodes a DistinguishedHead. */
export function encodeDistinguishedHead(h: DistinguishedHead): Uint8Array {
  return new Writer().hashes(1, h.heads).bytes();
}

/** Decodes a DistinguishedHead. Throws a Refusal of the kind "malformed". */
export function parseDistinguishedHead(bytes: Uint8Array): DistinguishedHead {
  return parse(bytes, (r) => ({ heads: r.hashes(1, "heads") }));
}

/**
 * What a comparison of two lists of roots says.
 *
 * - "length": the lists have different lengths, or none, so that they cannot be compared.
 * - "disjoint": no root in common. Either is of another time, or of another log: nothing follows.
 * - "conflict": a root in common, and no agreement beside it. Roots at the same entry differ, or
 *   one of the lists, which are not signed, was made up.
 * - a number: the lists are consistent, and have so many roots in common.
 */
export type HeadsComparison = number | "length" | "disjoint" | "conflict";

const same = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
  a.every((h, i) => equalBytes(h, b[i] ?? new Uint8Array()));

/** Checks that each of two lists is a prefix or a suffix of the other: "Detecting Forks". */
export function compareHeads(a: DistinguishedHead, b: DistinguishedHead): HeadsComparison {
  const n = a.heads.length;
  if (n !== b.heads.length || n === 0) return "length";
  for (let x = 0; x < n; x++) {
    const left = n - x;
    if (same(a.heads.slice(0, left), b.heads.slice(x)) || same(b.heads.slice(0, left), a.heads.slice(x)))
      return left;
  }
  return a.heads.some((h) => b.heads.some((o) => equalBytes(h, o))) ? "conflict" : "disjoint";
}
