/** Verifies a file of evidence here, for pages that know which directory it should be about. */
import { encodeUtf8, parsePolicy, Refusal } from "@ghostlight/client";
import {
  parseEvidence,
  verifyEvidence,
  type EvidenceVerdict,
  type Expected,
} from "@ghostlight/client/evidence";
import type { View } from "./view.js";

/** What became of a file. */
export type Checked =
  | EvidenceVerdict
  /** It is no evidence at all. */
  | { readonly outcome: "damaged"; readonly reason: string };

/** Who should be accused: the directory of a view. */
export function accusedOf(view: View): Expected {
  const { configuration, policy } = view;
  if (policy === undefined) return { configuration };
  return { configuration, logs: parsePolicy(encodeUtf8(policy)).logs.map((log) => log.key.text) };
}

/** Verifies a file. Throws nothing, whatever the bytes are. */
export function checkEvidence(file: Uint8Array, expected: Expected): Checked {
  try {
    return verifyEvidence(parseEvidence(file), expected);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { outcome: "damaged", reason: error.message };
  }
}
