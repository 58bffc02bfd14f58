import { Refusal } from "../errors.js";
import type { Evidence } from "./format.js";
import { refuse, Report } from "./log.js";

/** The rules that evidence shows to be broken. */
export const rules = {
  appendOnly:
    'KEYTRANS, "Updating Views of the Tree": a log contains all log entries that it has shown before',
  monotonic: 'KEYTRANS, "Updating Views of the Tree": the timestamps of log entries never fall',
  keeps:
    'KEYTRANS, "Monitoring the Tree": searches for a version of a label continue to produce the same result',
  authorized: 'KEYTRANS, "Update Format": every value has the Service Operator\'s signature',
  oneHead: 'KEYTRANS, "Tree Head Signature": a log of one size has one root',
  checkpoint:
    'C2SP tlog-checkpoint and RFC 6962, "Merkle Consistency Proofs": a log\'s later checkpoints continue the earlier ones',
  leavesStay:
    'Ghostlight, docs/log.md, "Changes": a leaf of the prefix tree stays, and its commitment never changes',
  oneHistory: "Ghostlight, docs/log.md: the public log has the very log entries that the directory signs",
} as const;

/** What is broken: a rule, and what breaks it, as the verification has it. */
export interface Finding {
  rule: string;
  found: string;
}

/** Returns the finding that an error of a replay is, and throws what is none. */
export function broken(e: unknown): Finding {
  if (!(e instanceof Refusal) || e.kind !== "misbehaviour") throw e;
  const detail = e.detail === "order" || e.detail === "signature" ? e.detail : "keeps";
  const rule = { order: rules.monotonic, signature: rules.authorized, keeps: rules.keeps }[detail];
  return { rule, found: e.message };
}

/**
 * Ends the verification of what proves nothing by itself: it may be a report of what its
 * finder remembered.
 */
export function remembered(e: Evidence, what: string): never {
  if (e.retainedContact !== undefined || e.retainedOwner !== undefined) throw new Report(what);
  refuse(what);
}
