import { encodeBase64, encodeUtf8 } from "../bytes.js";
import { encodeLogEntry } from "../entry.js";
import type { Failure } from "../failure.js";
import { accuse, base64s, type EvidenceJson, type EvidenceKind, newEvidence } from "./evidence.js";
import { asNewcomer } from "./fork.js";
import { countOf } from "./head.js";
import type { Inconsistency } from "./hold.js";
import type { Operation } from "./operation.js";
import type { DirectoryPolicy } from "./policy.js";
import type { PublicLog } from "./publiclog.js";
import type { Conflict } from "./settle.js";
import type { PendingEntry } from "./state.js";

/** The failure for a log that signed two histories. */
export function accuseCheckpoints(
  op: Operation,
  policy: DirectoryPolicy,
  i: Inconsistency,
): Promise<Failure> {
  const { older, newer } = i;
  const signed = `the log ${newer.origin} has signed two histories: `;
  const what =
    older.size === newer.size
      ? `two states of ${countOf(older.size, "entry", "entries")} differ`
      : `its state of ${newer.size} entries does not continue the one of ${older.size}`;
  const e = witnessEvidence(op, policy, "inconsistency", signed + what);
  e["inconsistency"] = {
    older: encodeBase64(older.note),
    newer: encodeBase64(newer.note),
    root_at_older: encodeBase64(i.rootAtOlder),
    proof: base64s(i.proof),
  };
  return accuse(op, e, "comparing the checkpoints of the log");
}

/** Begins the evidence that no exchange led to. */
function witnessEvidence(
  op: Operation,
  policy: DirectoryPolicy,
  kind: EvidenceKind,
  summary: string,
): EvidenceJson {
  return {
    ...newEvidence(op, kind, summary),
    policy: encodeBase64(encodeUtf8(policy.text)),
    log: policy.log.key.text,
  };
}

/** The failure for a directory that showed this client another log entry than the witnesses have seen. */
export async function accuseEntry(op: Operation, log: PublicLog, c: Conflict): Promise<Failure> {
  const entry = c.entry.proof ? c.entry : await proveAgain(op, c.entry);
  const seen = `the log of ${countOf(c.checkpoint.size, "entry", "entries")} that the witnesses have seen`;
  const summary = `the directory showed this client another log entry ${entry.position} than is in ${seen}: one of the two is a history for some eyes only, or the log line of the witness policy is not this directory's`;
  const e = witnessEvidence(op, log.policy, "log-entry", summary);
  e["log_entry"] = {
    index: entry.position,
    log_entry: encodeBase64(encodeLogEntry(entry)),
    tree_size: entry.proof?.head.treeSize ?? 0,
    signature: encodeBase64(entry.proof?.head.signature ?? new Uint8Array()),
    path: base64s(entry.proof?.path ?? []),
    checkpoint: encodeBase64(c.checkpoint.note),
    leaf_hash: encodeBase64(c.leaf),
    inclusion: base64s(c.inclusion),
  };
  return accuse(op, e, "comparing the directory's answers with its public log");
}

/**
 * Asks the directory for a proof of an entry that was verified before there was a policy. Returns
 * the entry without one if there is none to be had: only entries on the frontier of the present log
 * are proven to everybody.
 */
async function proveAgain(op: Operation, entry: PendingEntry): Promise<PendingEntry> {
  try {
    const { result } = await asNewcomer(op);
    const path = result.inclusion(entry.position);
    return path ? { ...entry, proof: { head: result.view.head, path } } : entry;
  } catch {
    return entry;
  }
}
