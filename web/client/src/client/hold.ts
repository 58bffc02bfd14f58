import { equalBytes } from "../bytes.js";
import type { SignedCheckpoint } from "../checkpoint.js";
import { verifyConsistency } from "../rfc6962.js";
import type { Operation } from "./operation.js";
import type { PublicLog } from "./publiclog.js";

/** Two signed checkpoints of which neither continues the other: docs/evidence.md, "inconsistency". */
export interface Inconsistency {
  readonly older: SignedCheckpoint;
  readonly newer: SignedCheckpoint;
  /** The root that the newer tree has where the older one has its own. */
  readonly rootAtOlder: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** What became of holding two checkpoints against each other: consistent if there is nothing. */
export interface Held {
  readonly inconsistency?: Inconsistency;
  /** Why they could not be compared, which proves nothing. */
  readonly why?: string;
}

/** Holds a checkpoint against one that is retained, whatever witnesses have signed it. */
export async function holdCheckpoint(
  op: Operation,
  log: PublicLog,
  retained: SignedCheckpoint,
  fresh: SignedCheckpoint,
): Promise<Held> {
  const [older, newer] = fresh.size < retained.size ? [fresh, retained] : [retained, fresh];
  if (older.size === 0) return {};
  if (older.size === newer.size) {
    return equalBytes(older.root, newer.root)
      ? {}
      : { inconsistency: { older, newer, rootAtOlder: newer.root, proof: [] } };
  }
  try {
    const tree = log.tree(newer);
    const rootAtOlder = await tree.rootAt(older.size);
    const proof = await tree.consistency(older.size);
    verifyConsistency({ size: older.size, root: rootAtOlder }, newer, proof);
    return equalBytes(rootAtOlder, older.root) ? {} : { inconsistency: { older, newer, rootAtOlder, proof } };
  } catch (error) {
    if (op.signal?.aborted) throw error;
    return { why: (error as Error).message };
  }
}
