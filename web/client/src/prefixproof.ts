import { parse, Reader, Writer } from "./codec.js";

/** Where a search ended: PrefixSearchResultType. */
export type ResultType = 1 | 2 | 3;

/** The search ended at the leaf of the search key. */
export const inclusion = 1;
/** The search ended at the leaf of another key. */
export const nonInclusionLeaf = 2;
/** The search ended at a parent that lacks the desired child, or in an empty tree. */
export const nonInclusionParent = 3;

/** A leaf of the prefix tree: the commitment to the value that a search key (VRF output) has. */
export interface PrefixLeaf {
  vrfOutput: Uint8Array;
  commitment: Uint8Array;
}

/**
 * The outcome of one search. `leaf` is there for nonInclusionLeaf only. `depth` counts the bits
 * from the root to the leaf or, for nonInclusionParent, to the missing child.
 */
export interface PrefixSearchResult {
  type: ResultType;
  leaf?: PrefixLeaf;
  depth: number;
}

/**
 * The joint proof of several searches in one version of a prefix tree: KEYTRANS, "Tree Proofs",
 * "Prefix Tree". Nothing in it is authenticated: see prefixtree.proofRoot.
 */
export interface PrefixProof {
  /** A result for each search key, in the order requested. At most 255. */
  results: PrefixSearchResult[];
  /** Node values, left to right; zeros stand for a node that does not exist. At most 65535. */
  elements: Uint8Array[];
}

/** Reads a PrefixLeaf. Throws a Refusal "malformed". */
export function readPrefixLeaf(r: Reader): PrefixLeaf {
  return { vrfOutput: r.hash("vrf_output"), commitment: r.hash("commitment") };
}

/** Appends a PrefixLeaf to what is written. */
export function writePrefixLeaf(w: Writer, l: PrefixLeaf): void {
  w.hash(l.vrfOutput).hash(l.commitment);
}

function readResult(r: Reader): PrefixSearchResult {
  const type = r.u8("result_type");
  switch (type) {
    case nonInclusionLeaf:
      return { type, leaf: readPrefixLeaf(r), depth: r.u8("depth") };
    case inclusion:
    case nonInclusionParent:
      return { type, depth: r.u8("depth") };
    default:
      return r.fail("result_type");
  }
}

function writeResult(w: Writer, res: PrefixSearchResult): void {
  w.u8(res.type);
  if (res.type === nonInclusionLeaf) {
    if (res.leaf === undefined) throw new RangeError("a nonInclusionLeaf result without a leaf");
    writePrefixLeaf(w, res.leaf);
  }
  w.u8(res.depth);
}

/** Reads a PrefixProof. Throws a Refusal "malformed". */
export function readPrefixProof(r: Reader): PrefixProof {
  return {
    results: r.vector(1, 2, "prefix proof results", () => readResult(r)),
    elements: r.hashes(2, "prefix proof elements"),
  };
}

/** Appends a PrefixProof to what is written. */
export function writePrefixProof(w: Writer, p: PrefixProof): void {
  w.vector(1, p.results, (res) => writeResult(w, res)).hashes(2, p.elements);
}

/** Decodes a PrefixProof. Throws a Refusal of the kind "malformed". */
export function parsePrefixProof(bytes: Uint8Array): PrefixProof {
  return parse(bytes, readPrefixProof);
}

/** Encodes a PrefixProof. */
export function encodePrefixProof(p: PrefixProof): Uint8Array {
  const w = new Writer();
  writePrefixProof(w, p);
  return w.bytes();
}
