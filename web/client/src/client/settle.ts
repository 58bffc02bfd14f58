import { type Held, holdCheckpoint } from "./hold.js";
import { isWitnessed, type SignedCheckpoint } from "../checkpoint.js";
import { encodeLogEntry } from "../entry.js";
import { equalBytes } from "../bytes.js";
import { Failure } from "../failure.js";
import { hashLeaf } from "../rfc6962.js";
import type { Witnessed } from "../results.js";
import { accuseCheckpoints, accuseEntry } from "./conflict.js";
import { countOf } from "./head.js";
import type { Operation } from "./operation.js";
import { openDirectoryCheckpoint } from "./policy.js";
import { PublicLog } from "./publiclog.js";
import { cloneState, type PendingEntry, type Witnessing } from "./state.js";
import { describeWitnessed } from "./witnessed.js";

/**
 * Bounds how long one settling reads the log, in milliseconds: what was not read stays pending,
 * and other tabs wait meanwhile.
 */
const longestSettle = 30_000;

/**
 * Ends an operation: what it verified is held against what the witnesses have seen. Undefined
 * without a policy. Throws a Failure of the kind misbehaviour, or that the result could not be
 * stored. That entries are pending for too long is not thrown: see Witnessed.overdue.
 */
export async function conclude(op: Operation): Promise<Witnessed | undefined> {
  const why = await settle(op);
  return describeWitnessed(op, why);
}

/**
 * As conclude, after an operation that failed: only misbehaviour is reported beside the failure, so
 * that a directory cannot escape by answering with an error.
 */
export async function concludeFailed(op: Operation, failed: unknown): Promise<never> {
  const isFinal = failed instanceof Failure && (failed.kind === "usage" || failed.kind === "misbehaviour");
  if (!isFinal && !op.signal?.aborted) {
    try {
      await settle(op);
    } catch (error) {
      if (error instanceof Failure && error.kind === "misbehaviour") throw error;
    }
  }
  throw failed;
}

/** Runs work, and concludes it whatever becomes of it. */
export async function concluded<T>(
  op: Operation,
  work: () => Promise<T>,
): Promise<{ value: T; witness: Witnessed | undefined }> {
  let value: T;
  try {
    value = await work();
  } catch (error) {
    return concludeFailed(op, error);
  }
  return { value, witness: await conclude(op) };
}

/**
 * Compares pending log entries with what the witnesses have seen, and stores what came of it.
 * Returns what kept entries pending, undefined if they are merely newer than the checkpoint; it
 * accuses nobody.
 */
async function settle(op: Operation): Promise<string | undefined> {
  const w = op.state.witness;
  const policy = op.env.policyOf(op.state);
  if (!w || !policy || w.pending.length === 0) return undefined;
  const deadline = AbortSignal.timeout(longestSettle);
  const signal = op.signal ? AbortSignal.any([op.signal, deadline]) : deadline;
  const log = new PublicLog(op.env, policy, signal);
  const newest = await newestQuorate(op, log, w);
  let { why } = newest;
  let left = w.pending;
  let conflict: Conflict | undefined;
  if (newest.last) {
    const c = await compare(op, log, newest.last, w.pending);
    [left, conflict] = [c.left, c.conflict];
    why = c.why ?? why;
  }
  const next = cloneState(op.state);
  next.witness = { ...w, last: newest.last?.note ?? w.last, pending: left };
  await op.store(next);
  if (conflict) throw await accuseEntry(op, log, conflict);
  return why;
}

interface Newest {
  readonly last: SignedCheckpoint | undefined;
  readonly why: string | undefined;
}

/**
 * Reads the present checkpoint, holds it against the retained one, and returns the newer one that
 * has a quorum.
 */
async function newestQuorate(op: Operation, log: PublicLog, w: Witnessing): Promise<Newest> {
  const last = w.last && openDirectoryCheckpoint(log.policy, w.last);
  let fresh: SignedCheckpoint;
  try {
    fresh = await log.checkpoint();
  } catch (error) {
    if (op.signal?.aborted) throw error;
    return { last, why: (error as Error).message };
  }
  const size = `the checkpoint of ${countOf(fresh.size, "entry", "entries")}`;
  const held: Held = last ? await holdCheckpoint(op, log, last, fresh) : {};
  if (held.inconsistency) throw await accuseCheckpoints(op, log.policy, held.inconsistency);
  if (held.why) return { last, why: `${size} could not be held against that of ${last?.size}: ${held.why}` };
  if (last && fresh.size < last.size) return { last, why: `the log shows an older checkpoint: ${size}` };
  if (!isWitnessed(log.policy.policy, fresh)) {
    return { last, why: `${size} has too few of the policy's witnesses: ${fresh.cosignatures.length}` };
  }
  return { last: fresh, why: undefined };
}

/** A log entry of which the witnesses have seen another one. */
export interface Conflict {
  readonly entry: PendingEntry;
  readonly checkpoint: SignedCheckpoint;
  /** The leaf of the RFC 6962 tree in its place, and the proof of its inclusion. */
  readonly leaf: Uint8Array;
  readonly inclusion: Uint8Array[];
}

interface Compared {
  readonly left: readonly PendingEntry[];
  readonly conflict?: Conflict;
  readonly why?: string;
}

/**
 * Takes those pending entries off that are in the checkpoint, and returns the first that is not
 * what the checkpoint has in its place.
 */
async function compare(
  op: Operation,
  log: PublicLog,
  c: SignedCheckpoint,
  pending: readonly PendingEntry[],
): Promise<Compared> {
  const tree = log.tree(c);
  let settled = 0;
  try {
    for (const entry of pending) {
      if (entry.position >= c.size) break;
      const leaf = await tree.hashLeaf(entry.position);
      if (!equalBytes(leaf, hashLeaf(encodeLogEntry(entry)))) {
        const inclusion = await tree.inclusion(entry.position);
        return { left: pending.slice(settled), conflict: { entry, checkpoint: c, leaf, inclusion } };
      }
      settled++;
    }
  } catch (error) {
    if (op.signal?.aborted) throw error;
    return { left: pending.slice(settled), why: (error as Error).message };
  }
  return { left: pending.slice(settled) };
}
