// Verification of prefix tree proofs: KEYTRANS, "Cryptographic Computations" and "Tree Proofs",
// "Prefix Tree".

import { sha256 } from "@noble/hashes/sha2.js";

import { compareBytes, concat, equalBytes } from "./bytes.js";
import { hashSize } from "./codec.js";
import { Refusal } from "./errors.js";
import {
  inclusion,
  nonInclusionLeaf,
  type PrefixLeaf,
  type PrefixProof,
  type PrefixSearchResult,
} from "./prefixproof.js";

/** Returns the value of a leaf node. */
export function leafHash(l: PrefixLeaf): Uint8Array {
  return sha256(concat(Uint8Array.of(2), l.vrfOutput, l.commitment));
}

/** Returns the value of a parent node. 32 zero bytes stand for a missing child. */
export function parentHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat(Uint8Array.of(3), left, right));
}

/** The value of a missing node. */
const missing = new Uint8Array(hashSize);

const isMissing = (h: Uint8Array): boolean => h.every((v) => v === 0);

/** Bit i of a search key, from the most significant bit of its first byte on. */
const bit = (key: Uint8Array, i: number): number => ((key[i >> 3] ?? 0) >> (7 - (i & 7))) & 1;

/** How many leading bits two search keys share. */
function commonBits(a: Uint8Array, b: Uint8Array): number {
  let i = 0;
  while (i < 8 * hashSize && bit(a, i) === bit(b, i)) i++;
  return i;
}

function refuse(message: string): never {
  throw new Refusal("proof", `prefix tree proof: ${message}`);
}

/** A result of a proof, checked on its own. `leaf` is absent if the search ended at a missing node. */
interface Lookup {
  key: Uint8Array;
  leaf: PrefixLeaf | undefined;
  depth: number;
}

function lookup(key: Uint8Array, res: PrefixSearchResult, commitment: Uint8Array | undefined): Lookup {
  const { depth } = res;
  if ((res.type === inclusion) !== (commitment !== undefined)) {
    refuse(`result type ${res.type}, commitment given: ${commitment !== undefined}`);
  }
  if (commitment !== undefined) return { key, leaf: { vrfOutput: key, commitment }, depth };
  if (res.type !== nonInclusionLeaf) return { key, leaf: undefined, depth };
  const leaf = res.leaf ?? refuse("a leaf is missing");
  const shared = commonBits(key, leaf.vrfOutput);
  if (shared === 8 * hashSize) refuse("non-inclusion shown by the leaf of the search key");
  if (shared < depth) refuse(`a leaf at depth ${depth} that shares ${shared} bits with the search key`);
  return { key, leaf, depth };
}

/**
 * Returns the root of the prefix tree that a proof belongs to. The caller must compare it with a
 * trusted root before it believes any result.
 *
 * `keys` are the search keys, in the order of the results. `commitments` has as many elements: the
 * commitment for each result of the type inclusion, undefined for every other one. A key may be
 * searched more than once.
 *
 * Throws a Refusal of the kind "proof" unless every part of the proof is used, exactly once, in
 * its place: a number of results other than that of the keys, a leaf of nonInclusionLeaf that is
 * for the searched key or does not share its first `depth` bits, results that disagree about a
 * node, a result below the node where another ends, missing or left-over elements, and a parent
 * without children are refused. A proof for no keys consists of one element, the root.
 */
export function proofRoot(
  proof: PrefixProof,
  keys: readonly Uint8Array[],
  commitments: readonly (Uint8Array | undefined)[],
): Uint8Array {
  const { results, elements } = proof;
  if (keys.length !== results.length || commitments.length !== results.length) {
    refuse(`${results.length} results and ${commitments.length} commitments for ${keys.length} search keys`);
  }
  const lookups = keys.map((key, i) =>
    lookup(key, results[i] ?? refuse("a result is missing"), commitments[i]),
  );
  lookups.sort((a, b) => compareBytes(a.key, b.key));
  let used = 0;
  const element = (): Uint8Array => elements[used++] ?? refuse("too few elements");
  const value = node(lookups, 0, element);
  if (used !== elements.length) refuse(`${elements.length - used} elements left over`);
  return value;
}

/**
 * Returns the value of the node at a depth that the searches pass or end at. Requires lookups
 * sorted by search key, equal in their first `depth` bits, and none to have ended above. The
 * recursion ends at a depth of 255 at the latest, because every lookup does.
 */
function node(lookups: readonly Lookup[], depth: number, element: () => Uint8Array): Uint8Array {
  const first = lookups[0];
  if (first === undefined) return element();
  const ended = lookups.filter((l) => l.depth === depth);
  if (ended.length === lookups.length) return terminal(first.leaf, ended);
  if (ended.length > 0) refuse(`a result below the node where another ends, at depth ${depth}`);
  const split = lookups.findIndex((l) => bit(l.key, depth) === 1);
  const middle = split < 0 ? lookups.length : split;
  const left = node(lookups.slice(0, middle), depth + 1, element);
  const right = node(lookups.slice(middle), depth + 1, element);
  if (isMissing(left) && isMissing(right)) refuse(`a parent without children at depth ${depth}`);
  return parentHash(left, right);
}

/**
 * Returns the value of the node where all lookups end. They may be for different keys, and of
 * different types, but must agree about the node.
 */
function terminal(leaf: PrefixLeaf | undefined, lookups: readonly Lookup[]): Uint8Array {
  for (const l of lookups) {
    const same =
      leaf === undefined || l.leaf === undefined
        ? leaf === l.leaf
        : equalBytes(leaf.vrfOutput, l.leaf.vrfOutput) && equalBytes(leaf.commitment, l.leaf.commitment);
    if (!same) refuse(`results disagree about the node at depth ${l.depth}`);
  }
  return leaf === undefined ? missing : leafHash(leaf);
}
