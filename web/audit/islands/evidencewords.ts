/** What evidence of each kind is, and how it is verified, for people. */
import type { EvidenceKind } from "@ghostlight/client/evidence";

/** The words about a kind of evidence. */
export interface KindWords {
  /** What contradicts what. */
  readonly what: string;
  /** How that was verified, when it was. */
  readonly how: string;
}

/** The words about each kind: docs/evidence.md, "Kinds". */
export const kindWords: Readonly<Record<EvidenceKind, KindWords>> = {
  contradiction: {
    what: "an answer of the directory that contradicts itself, or what it signed before",
    how: "Verified the answers in the file anew, with every signature and every proof in them, as if they had just come from the directory.",
  },
  fork: {
    what: "two signed heads that cannot be of one log",
    how: "Verified the signatures of both heads, and what somebody who had seen nothing was shown under one of them.",
  },
  "tree-heads": {
    what: "two signed roots for a log of one size",
    how: "Verified the signatures of both heads. They have the same size, and two roots.",
  },
  credential: {
    what: "a credential that contradicts what the directory signed",
    how: "Verified the credential, the heads that it is held against, and the answers that these follow from.",
  },
  "log-entry": {
    what: "a log entry under a signed head, and another one in its place in the public log",
    how: "Verified the signatures of the head and of the checkpoint, and the way from each of the two entries up to them.",
  },
  inconsistency: {
    what: "two signed checkpoints of the public log, of which the later one does not continue the earlier one",
    how: "Verified the signatures of both checkpoints, and the proof from the later one to another root at the size of the earlier one.",
  },
  timestamps: {
    what: "two successive log entries, of which the second is older",
    how: "Verified the signature of the checkpoint, and that it covers both entries, side by side.",
  },
  "trees-differ": {
    what: "a signed head and a signed checkpoint of other log entries",
    how: "Verified the signatures of the head and of the checkpoint, and hashed the log entries in the file in the ways of both trees.",
  },
  "prefix-tree": {
    what: "a version that is gone from the directory’s tree, or has another commitment",
    how: "Verified the signature of the checkpoint, that it covers both log entries, and the search for the version in the tree of each.",
  },
};

/** What no evidence proves. */
export const neverProven: readonly string[] = [
  "Why it happened: a mistake, a break-in and a stolen key look the same.",
  "What the finder wrote into the file, such as the summary, the URL and the time.",
];
