import { decodeUtf8 } from "../bytes.js";
import { isWitnessed, type SignedCheckpoint } from "../checkpoint.js";
import { type LogEntry, logEntrySize, parseLogEntry } from "../entry.js";
import { Refusal } from "../errors.js";
import { Failure } from "../failure.js";
import { hashLeaf, verifyConsistency, verifyInclusion } from "../rfc6962.js";
import type { CheckpointResult, CheckpointSignature, ConsistencyResult, EntryResult } from "../results.js";
import { tileWidth } from "../tile.js";
import { formatTLogProof } from "../tlogproof.js";
import { type Checker, type Verdict, verdict } from "../verdict.js";
import { accuseCheckpoints } from "./conflict.js";
import { failureOf, usage } from "./errors.js";
import { countOf, dateText } from "./head.js";
import { holdCheckpoint } from "./hold.js";
import type { Operation } from "./operation.js";
import { type DirectoryPolicy, openDirectoryCheckpoint } from "./policy.js";
import { PublicLog } from "./publiclog.js";
import { cloneState, type Witnessing } from "./state.js";

/** The public log and what is retained of it. Throws a Failure without a policy. */
function logOf(op: Operation): { log: PublicLog; policy: DirectoryPolicy; retained: Witnessing } {
  const policy = op.env.policyOf(op.state);
  const retained = op.state.witness;
  if (policy && retained) {
    op.log ??= new PublicLog(op.env, policy, op.signal);
    return { log: op.log, policy, retained };
  }
  const hint = "open the directory with a policy (C2SP tlog-policy), which names the log's key";
  throw usage("there is no witness policy, so nothing says who may sign the log", hint);
}

/** Turns what reading the log throws into a Failure that accuses nobody. */
async function reading<T>(op: Operation, step: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Failure || op.signal?.aborted) throw error;
    if (error instanceof Refusal) throw failureOf(error, step);
    throw new Failure("undecided", step, error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}

/** A checkpoint that was held against the last visit's. */
interface Visit {
  readonly fresh: SignedCheckpoint;
  readonly before: CheckpointResult["before"];
}

const fetching = "reading the log's checkpoint";

/**
 * Reads the present checkpoint and holds it against those that this browser saw: the last visit's,
 * and the last with a quorum. Throws a Failure of the kind misbehaviour if they contradict each other.
 */
async function visit(op: Operation): Promise<Visit> {
  const { log, policy, retained } = logOf(op);
  const fresh = await reading(op, fetching, () => log.checkpoint());
  const visited = retained.visited && openDirectoryCheckpoint(policy, retained.visited.note);
  for (const old of [visited, retained.last && openDirectoryCheckpoint(policy, retained.last)]) {
    if (!old) continue;
    const held = await holdCheckpoint(op, log, old, fresh);
    if (held.inconsistency) throw await accuseCheckpoints(op, policy, held.inconsistency);
    if (held.why === undefined) continue;
    const what = `the checkpoint of ${fresh.size} entries could not be held against that of ${old.size}: ${held.why}`;
    throw new Failure("undecided", "comparing the checkpoints of the log", what);
  }
  const before = visited && { size: visited.size, root: visited.root, at: retained.visited?.at ?? 0 };
  if (!visited || fresh.size >= visited.size) {
    const next = cloneState(op.state);
    next.witness = { ...retained, visited: { note: fresh.note, at: op.env.now() } };
    await op.store(next);
  }
  return { fresh, before };
}

/** See Client.checkCheckpoint. */
export async function checkCheckpoint(op: Operation): Promise<CheckpointResult> {
  const { fresh, before } = await visit(op);
  const { log, policy } = logOf(op);
  let time: number | undefined;
  try {
    time = fresh.size > 0 ? (await readEntry(log, fresh, fresh.size - 1)).entry.timestamp : undefined;
  } catch {
    // The lags are not known then. The checkpoint stands without them.
  }
  return describeCheckpoint(policy, fresh, before, time);
}

function describeCheckpoint(
  policy: DirectoryPolicy,
  c: SignedCheckpoint,
  before: CheckpointResult["before"],
  time: number | undefined,
): CheckpointResult {
  const quorumMet = isWitnessed(policy.policy, c);
  return {
    origin: c.origin,
    size: c.size,
    root: c.root,
    note: decodeUtf8(c.note),
    time,
    cosignatures: signaturesOf(policy, c, time),
    quorum: policy.policy.quorum,
    quorumMet,
    policy: policy.text,
    logKey: policy.log.key.text,
    before,
    verdict: checkpointVerdict(policy, c, quorumMet, before),
  };
}

function signaturesOf(
  policy: DirectoryPolicy,
  c: SignedCheckpoint,
  last: number | undefined,
): CheckpointSignature[] {
  const times = new Map(c.cosignatures.map((s) => [s.witness, s.time]));
  const witnesses = policy.policy.witnesses.map(({ name }): CheckpointSignature => {
    const time = times.get(name);
    const lag = time === undefined || last === undefined ? undefined : time - last;
    return { name, time, lag, missing: time === undefined, unchecked: c.unchecked.includes(name) };
  });
  return [
    { name: c.origin, time: undefined, lag: undefined, missing: false, unchecked: false },
    ...witnesses,
  ];
}

function checkpointVerdict(
  policy: DirectoryPolicy,
  c: SignedCheckpoint,
  quorumMet: boolean,
  before: CheckpointResult["before"],
): Verdict {
  const size = countOf(c.size, "entry", "entries");
  if (!quorumMet) {
    const had = `${c.cosignatures.length} of ${policy.policy.witnesses.length} witnesses`;
    return verdict(
      "could not check",
      `the log signed its state of ${size}, and ${had} cosigned it, which is no quorum`,
    );
  }
  if (before && c.size < before.size) {
    return verdict(
      "could not check",
      `the log shows an older checkpoint, of ${size}, than on ${dateText(before.at)}, when it had ${before.size}: try again, and ask a monitor if it stays so`,
    );
  }
  const witnesses: Checker[] = c.cosignatures.map((s) => ({ kind: "witness", name: s.witness }));
  const since = before
    ? `; consistent with your visit on ${dateText(before.at)}, when it had ${before.size}`
    : "";
  const alone =
    policy.policy.quorum === "none" ? "; no witness is required, so others may be shown another log" : "";
  const v = verdict("verified", `the log signed its state of ${size}${alone}${since}`);
  return { ...v, checkedBy: [...v.checkedBy, ...(alone ? [] : witnesses)] };
}

/** See Client.consistency. Requires size1 <= size2. */
export async function consistency(op: Operation, size1: number, size2: number): Promise<ConsistencyResult> {
  if (!Number.isSafeInteger(size1) || !Number.isSafeInteger(size2) || size1 < 0 || size1 > size2) {
    throw usage("the sizes must be numbers of log entries, the smaller one first");
  }
  const { fresh } = await visit(op);
  const { log, policy } = logOf(op);
  if (size2 > fresh.size)
    throw usage(`the log has ${countOf(fresh.size, "entry", "entries")} under its checkpoint`);
  return reading(op, "proving consistency", async () => {
    const tree = log.tree(fresh);
    const [root1, root2] = [await tree.rootAt(size1), await tree.rootAt(size2)];
    // Not the checkpoint's, but that of the larger size: recomputed from the same tiles.
    const smaller = log.tree({ ...fresh, size: size2, root: root2 });
    const proof = size1 === 0 ? [] : await smaller.consistency(size1);
    verifyConsistency({ size: size1, root: root1 }, { size: size2, root: root2 }, proof);
    const v = checkpointVerdict(policy, fresh, isWitnessed(policy.policy, fresh), undefined);
    const what = `the log of ${countOf(size2, "entry", "entries")} begins with the one of ${size1}, and both are under the checkpoint of ${fresh.size}`;
    const reason = v.outcome === "verified" ? what : `${what}; ${v.reason}`;
    return { size1, size2, root1, root2, proof, checkpointSize: fresh.size, verdict: { ...v, reason } };
  });
}

/** See Client.entry. */
export async function entry(op: Operation, position: number): Promise<EntryResult> {
  if (!Number.isSafeInteger(position) || position < 0) throw usage("the position must be a number");
  const { fresh, before } = await visit(op);
  const { log, policy } = logOf(op);
  if (position >= fresh.size)
    throw usage(`the log has ${countOf(fresh.size, "entry", "entries")} under its checkpoint`);
  return reading(op, "proving the log entry", async () => {
    const { bytes, entry } = await readEntry(log, fresh, position);
    const leafHash = hashLeaf(bytes);
    const proof = await log.tree(fresh).inclusion(position);
    verifyInclusion(position, leafHash, proof, fresh);
    const checkpoint = describeCheckpoint(policy, fresh, before, undefined);
    const what = `log entry ${position} is in the log of ${countOf(fresh.size, "entry", "entries")}`;
    const { outcome, reason, checkedBy } = checkpoint.verdict;
    return {
      position,
      timestamp: entry.timestamp,
      prefixTree: entry.prefixTree,
      bytes,
      leafHash,
      proof,
      checkpoint,
      file: decodeUtf8(formatTLogProof({ index: position, hashes: proof, note: fresh.note, extra: bytes })),
      verdict: { outcome, reason: `${what}; ${reason}`, checkedBy },
    };
  });
}

/** Reads one entry of the log under a checkpoint. Throws a Refusal if it is none. */
async function readEntry(
  log: PublicLog,
  c: SignedCheckpoint,
  position: number,
): Promise<{ bytes: Uint8Array; entry: LogEntry }> {
  const entries = await log.tree(c).entries(position);
  const bytes = entries[position % tileWidth];
  if (bytes?.length !== logEntrySize)
    throw new Refusal("malformed", `log entry ${position} is not one of KEYTRANS`);
  return { bytes: bytes.slice(), entry: parseLogEntry(bytes) };
}
