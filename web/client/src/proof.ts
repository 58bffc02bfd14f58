import { parse, Reader, Writer } from "./codec.js";
import type { Configuration } from "./config.js";
import { type PrefixProof, readPrefixProof, writePrefixProof } from "./prefixproof.js";
import { type CipherSuite, vrfProofSize } from "./suite.js";

/**
 * What a user needs to execute the algorithms of one operation: KEYTRANS, "Tree Proofs",
 * "Combined Tree". Which log entry an element belongs to follows only from executing them.
 */
export interface CombinedTreeProof {
  /** In milliseconds. At most 255. */
  timestamps: number[];
  /** At most 255. */
  prefixProofs: PrefixProof[];
  /** At most 255. */
  prefixRoots: Uint8Array[];
  /** The elements of InclusionProof. At most 65535. */
  inclusion: Uint8Array[];
}

/** Reads a CombinedTreeProof. Throws a Refusal "malformed". */
export function readCombinedTreeProof(r: Reader): CombinedTreeProof {
  return {
    timestamps: r.vector(1, 8, "timestamps", () => r.u64("timestamps", "proof")),
    prefixProofs: r.vector(1, 3, "prefix_proofs", () => readPrefixProof(r)),
    prefixRoots: r.hashes(1, "prefix_roots"),
    inclusion: r.hashes(2, "inclusion"),
  };
}

/** Appends a CombinedTreeProof to what is written. */
export function writeCombinedTreeProof(w: Writer, p: CombinedTreeProof): void {
  w.vector(1, p.timestamps, (ts) => w.u64(ts));
  w.vector(1, p.prefixProofs, (one) => writePrefixProof(w, one));
  w.hashes(1, p.prefixRoots).hashes(2, p.inclusion);
}

/** Decodes a CombinedTreeProof. Throws a Refusal of the kind "malformed". */
export function parseCombinedTreeProof(bytes: Uint8Array): CombinedTreeProof {
  return parse(bytes, readCombinedTreeProof);
}

/** Encodes a CombinedTreeProof. */
export function encodeCombinedTreeProof(p: CombinedTreeProof): Uint8Array {
  const w = new Writer();
  writeCombinedTreeProof(w, p);
  return w.bytes();
}

/**
 * Proves the search key of one version of a label. `commitment` is present if the version
 * exists and the user cannot compute it.
 */
export interface BinaryLadderStep {
  /** VRF.Np bytes: 80 or 81, by cipher suite. */
  proof: Uint8Array;
  commitment?: Uint8Array;
}

/** Reads a LadderStep. Throws a Refusal "malformed". */
export function readLadderStep(r: Reader, suite: CipherSuite): BinaryLadderStep {
  const proof = r.fixed(vrfProofSize(suite), "vrf proof");
  const commitment = r.optional("commitment", () => r.hash("commitment"));
  return commitment === undefined ? { proof } : { proof, commitment };
}

/** Appends a LadderStep to what is written. */
export function writeLadderStep(w: Writer, suite: CipherSuite, s: BinaryLadderStep): void {
  w.fixed(s.proof, vrfProofSize(suite)).optional(s.commitment, (c) => w.hash(c));
}

/** Reads a vector of steps: of at most 255, or of at most 65535 if `lengthSize` is 2. */
export function readLadder(r: Reader, c: Configuration, lengthSize: 1 | 2 = 1): BinaryLadderStep[] {
  return r.vector(lengthSize, vrfProofSize(c.suite) + 1, "binary_ladder", () => readLadderStep(r, c.suite));
}

/** Appends the steps of a binary ladder to what is written. */
export function writeLadder(
  w: Writer,
  c: Configuration,
  steps: readonly BinaryLadderStep[],
  lengthSize: 1 | 2 = 1,
): void {
  w.vector(lengthSize, steps, (s) => writeLadderStep(w, c.suite, s));
}
