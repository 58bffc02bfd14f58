import { sha256 } from "@noble/hashes/sha2.js";

import { encodeHex, equalBytes } from "../bytes.js";
import { Refusal } from "../errors.js";
import { needsOf } from "./check.js";
import { verifyContradiction, verifyFork, verifyTreeHeads } from "./contradiction.js";
import { verifyCredentialEvidence } from "./credential.js";
import type { Evidence, EvidenceKind } from "./format.js";
import { Report } from "./log.js";
import type { Finding } from "./proof.js";
import { verifyInconsistency, verifyLogEntry, verifyPrefixTree, verifyTimestamps } from "./publiclog.js";
import { verifyTrees } from "./trees.js";

/**
 * What evidence proves. It names whom it accuses: the reader must know from elsewhere that
 * these are the directory's.
 */
export interface Proof extends Finding {
  kind: EvidenceKind;
  /** Of the encoded Configuration, in hexadecimal, if the evidence needs it. */
  configurationSha256?: string;
  /** The verifier key of the directory's log, if the evidence needs it. */
  log?: string;
}

/**
 * What a reader knows of the directory. What is absent is not compared. But evidence that
 * rests on the Configuration and on the log takes both or none, and one log: by naming them,
 * the reader says that they are of one directory.
 */
export interface Expected {
  /** Encoded. */
  configuration?: Uint8Array;
  /** Verifier keys of logs, one of which is accused. */
  logs?: readonly string[];
}

/** What became of evidence. Only "proven" proves anything to others. */
export type EvidenceVerdict =
  | { outcome: "proven"; proof: Proof }
  /** It rests on the memory of whoever made it: it may be true. */
  | { outcome: "report"; reason: string }
  | { outcome: "not-proof"; reason: string }
  /** It is about another directory than the expected one. */
  | { outcome: "other"; reason: string }
  /** It rests on a Configuration and on a log, which nobody said to belong together. */
  | { outcome: "pair"; reason: string };

const verifiers: Record<EvidenceKind, (e: Evidence) => Finding> = {
  contradiction: verifyContradiction,
  fork: verifyFork,
  inconsistency: verifyInconsistency,
  "log-entry": verifyLogEntry,
  credential: verifyCredentialEvidence,
  "tree-heads": verifyTreeHeads,
  timestamps: verifyTimestamps,
  "trees-differ": verifyTrees,
  "prefix-tree": verifyPrefixTree,
};

/**
 * Verifies what e proves. It trusts nothing in e but that the directory has the Configuration
 * and the log key that the proof tells of, which the reader has to compare if expected does
 * not. Requires that e is from parseEvidence. Throws nothing.
 */
export function verifyEvidence(e: Evidence, expected: Expected = {}): EvidenceVerdict {
  const { configuration: needsConfiguration, log: needsLog } = needsOf(e.kind) ?? {};
  const { configuration, logs } = expected;
  if (needsConfiguration && configuration && !equalBytes(e.configuration, configuration)) {
    return { outcome: "other", reason: `its configuration has the SHA-256 ${sum(e.configuration)}` };
  }
  if (needsLog && logs && !logs.includes(e.log)) {
    return { outcome: "other", reason: `its log has the key ${e.log}` };
  }
  if (e.class === "report") return { outcome: "report", reason: "it says that it is a report" };
  if (needsConfiguration && needsLog && !isPair(expected)) {
    return { outcome: "pair", reason: "name both the configuration and the log, and one log only" };
  }
  try {
    const finding = verifiers[e.kind](e);
    const about = {
      ...(needsConfiguration && { configurationSha256: sum(e.configuration) }),
      ...(needsLog && { log: e.log }),
    };
    return { outcome: "proven", proof: { kind: e.kind, ...finding, ...about } };
  } catch (err) {
    if (err instanceof Report) return { outcome: "report", reason: err.message };
    // A RangeError is for a view or request that fits nothing: here, they are the accuser's.
    if (err instanceof Refusal || err instanceof RangeError) {
      return { outcome: "not-proof", reason: err.message };
    }
    throw err;
  }
}

/** Reports whether a Configuration and the log that belongs to it are named, or nobody at all. */
function isPair({ configuration, logs }: Expected): boolean {
  return configuration === undefined ? logs === undefined : logs?.length === 1;
}

function sum(data: Uint8Array): string {
  return encodeHex(sha256(data));
}
