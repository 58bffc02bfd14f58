import { equalBytes } from "../bytes.js";
import { Refusal } from "../errors.js";
import { encodeOwnerInitRequest, encodeOwnerMonitorRequest } from "../requests.js";
import { Failure, isFailure } from "../failure.js";
import { hasClaims, type Owner, ownerGreatest, ownerMonitorRequest } from "../owner.js";
import { Problem } from "../problem.js";
import { parseOwnerInitResponse, parseOwnerMonitorResponse } from "../responses.js";
import { lastSize } from "../view.js";
import { absence, proveAbsent } from "./absence.js";
import { readAccount } from "./account.js";
import { askSingle, isLost } from "./batch.js";
import { distinguished } from "./distinguished.js";
import { failureOf } from "./errors.js";
import { labelBytes } from "./label.js";
import { datesOf, learn } from "./learn.js";
import { observeContact, search, seenOf } from "./lookup.js";
import { Older, problemOf } from "./older.js";
import type { Operation } from "./operation.js";
import { proceed } from "./proceed.js";
import { cloneState, contactOf, type RetainedOwner, type Standing } from "./state.js";

/** What is retained of an owned label. Requires that it is owned. */
export function ownerOf(op: Operation, label: string): RetainedOwner {
  const owner = op.state.owners.get(label);
  if (!owner) throw new RangeError("the label is not owned");
  return owner;
}

/**
 * Takes a label over, if that has not been done, or learns what the directory says is new, and
 * verifies that there is nothing else.
 */
export async function watchOwner(op: Operation, label: string): Promise<void> {
  let unseen: Failure | undefined; // of versions that cannot be learned
  try {
    if (!op.state.owners.get(label)?.ready) await takeOver(op, label);
    else await learnNews(op, label);
  } catch (error) {
    unseen = erasedUnseen(error);
    // What was erased keeps nobody from monitoring what was there before.
    if (!unseen || !op.state.owners.get(label)?.ready) throw unseen ?? error;
  }
  try {
    await monitorOwner(op, label);
  } catch (error) {
    throw erasedUnseen(error) ?? error;
  }
  if (unseen) throw unseen;
  await proveGreatest(op, label);
}

/** The failure for new versions that cannot be processed, because one was erased before its owner was told of it. */
function erasedUnseen(error: unknown): Failure | undefined {
  if (problemOf(error)?.type !== "erased") return undefined;
  const message =
    "there are versions that you have not seen, and the directory says that the value of one was erased; if you did not publish it, nobody can tell any more what it was";
  const hint =
    "look at all versions that there are; to accept what is there now, forget the label and own it again";
  return new Failure("attention", "asking for new versions", message, { hint, cause: error });
}

/**
 * Makes the client an owner of a label: KEYTRANS, "Owner Algorithm". It starts from the rightmost
 * distinguished log entry and processes every version created since. What exists then is accepted
 * as the label's past. A take-over that was interrupted is continued.
 */
async function takeOver(op: Operation, label: string): Promise<void> {
  if (!op.state.owners.has(label)) {
    const [start] = await distinguished(op);
    if (start === undefined) {
      throw new Failure("undecided", "taking ownership", "the log has no distinguished entry to start from");
    }
    await ownerInit(op, label, start);
  }
  await learnNews(op, label);
  await fetchLast(op, label);
  const account = await ownAccount(op, label);
  const next = cloneState(op.state);
  const owner = ownerOf(op, label);
  next.owners.set(label, { ...owner, ready: true, since: ownerGreatest(owner.monitor), account });
  await op.store(next);
}

/**
 * Learns what the directory says is new, unless there is proof that nothing is. A directory that is
 * asked for what is new when nothing is can only refuse, and a browser shows that as an error.
 */
async function learnNews(op: Operation, label: string): Promise<void> {
  try {
    const newest = await greatestOf(op, label);
    if (newest === (ownerGreatest(ownerOf(op, label).monitor) ?? -1)) return;
  } catch (error) {
    if (isFailure(error, "misbehaviour") || isLost(op, error)) throw error;
  }
  await learn(op, label);
}

/** The greatest version that the log proves, -1 for none. */
async function greatestOf(op: Operation, label: string): Promise<number> {
  const answer = await askSingle(op, { label, version: undefined }, () => undefined);
  return "found" in answer ? answer.found.result.version : -1;
}

function ownerInit(op: Operation, label: string, start: number): Promise<void> {
  const { view } = op.state;
  const request = { last: lastSize(view), label: labelBytes(label), start };
  return op.ask({
    operation: "owner-init",
    label,
    request: encodeOwnerInitRequest(request),
    verify(bytes, next) {
      const response = parseOwnerInitResponse(op.env.config, bytes);
      const now = op.env.now();
      const result = op.env.verifier.ownerInit(view, request, response, now);
      proceed(next, result, now);
      next.owners.set(label, newOwner(result.owner));
    },
  });
}

const newOwner = (monitor: Owner): RetainedOwner => ({
  monitor,
  ready: false,
  since: undefined,
  accepted: new Map(),
  unexpected: [],
  last: undefined,
  account: undefined,
});

/** Looks up the value of the greatest version known, to compare later ones with. That it is no longer to be had is no error. */
async function fetchLast(op: Operation, label: string): Promise<void> {
  const { monitor, last } = ownerOf(op, label);
  const version = ownerGreatest(monitor);
  if (version === undefined || last?.version === version) return;
  try {
    await search(op, { label, version }, (_, next, f) => {
      const known = monitor.keys.get(version);
      if (known?.proven && known.commitment && !equalBytes(known.commitment, f.commitment)) {
        throw new Refusal("misbehaviour", `the log committed to another value of version ${version} before`);
      }
      const owner = next.owners.get(label);
      if (owner) next.owners.set(label, { ...owner, last: seenOf(f) });
    });
  } catch (error) {
    if (!["version-expired", "erased"].includes(problemOf(error)?.type ?? "")) throw error;
  }
}

/** What the greatest version of a label that is being taken over amounts to, with those before it. */
async function ownAccount(op: Operation, label: string): Promise<Standing | undefined> {
  const { monitor, last, account } = ownerOf(op, label);
  const version = ownerGreatest(monitor);
  if (version === undefined || last?.version !== version) return account;
  const older = new Older(op, label);
  const found = await search(op, { label, version }, () => undefined);
  const past = readAccount(found);
  if (!past.says && account) return account;
  const { chain } = past.says ? await older.followTo(undefined, past) : await older.lookBack(undefined, past);
  return chain?.key === undefined ? undefined : chain;
}

/**
 * Runs owner monitoring until every distinguished entry is verified. It stops at versions that the
 * owner has not been told of, which are learned first. Throws a Failure of the kind attention if
 * the log holds a version that the directory does not tell.
 */
async function monitorOwner(op: Operation, label: string): Promise<void> {
  for (;;) {
    const before = ownerOf(op, label).monitor;
    let failed: unknown;
    try {
      if (await monitorOnce(op, label)) return;
    } catch (error) {
      failed = error;
      if (isDoubtful(error)) throw await seekContradiction(op, label, error);
      if (refusalKind(error) !== "unexpected-version") throw error;
    }
    const after = ownerOf(op, label).monitor;
    if (failed === undefined && after.start > before.start) continue;
    await learn(op, label);
    if ((ownerGreatest(ownerOf(op, label).monitor) ?? -1) > (ownerGreatest(after) ?? -1)) continue;
    if (failed !== undefined) throw failed;
    const message = `the directory stops at log entry ${after.start} without proving that no version was added after it, and tells of none`;
    throw new Failure("undecided", "monitoring the label", message);
  }
}

function refusalKind(error: unknown): string | undefined {
  const cause = error instanceof Failure ? error.cause : error;
  return cause instanceof Refusal ? cause.kind : undefined;
}

/** Whether a failed monitoring may hide that a label, or a version, is gone or another one. */
export function isDoubtful(error: unknown): boolean {
  return refusalKind(error) === "proof" || (error instanceof Failure && error.cause instanceof Problem);
}

function monitorOnce(op: Operation, label: string): Promise<boolean> {
  const { view } = op.state;
  const { monitor } = ownerOf(op, label);
  return op.ask({
    operation: "owner-monitor",
    label,
    request: encodeOwnerMonitorRequest(ownerMonitorRequest(monitor, view, labelBytes(label))),
    verify(bytes, next) {
      const response = parseOwnerMonitorResponse(op.env.config, bytes);
      const now = op.env.now();
      const result = op.env.verifier.ownerMonitor(view, monitor, response, now);
      proceed(next, result, now);
      next.owners.set(label, datesOf({ ...ownerOf(op, label), monitor: result.owner }, result.entries));
      return result.complete;
    },
  });
}

/**
 * Has owner monitoring prove the new versions that responses told of without proof. Until then
 * nothing of such a response is stored: whoever answered could have made it up.
 */
export async function confirmClaims(
  op: Operation,
  label: string,
  next: Operation["state"],
  owner: RetainedOwner,
): Promise<RetainedOwner> {
  const step = "confirming new versions";
  while (hasClaims(owner.monitor)) {
    const { view } = next;
    const request = encodeOwnerMonitorRequest(ownerMonitorRequest(owner.monitor, view, labelBytes(label)));
    let bytes: Uint8Array;
    try {
      bytes = await op.env.transport.post("owner-monitor", request, op.signal);
    } catch (error) {
      if (op.signal?.aborted) throw error;
      // Not as its cause: that this was refused says nothing of the update.
      throw new Failure("undecided", step, (error as Error).message);
    }
    const response = parseOwnerMonitorResponse(op.env.config, bytes);
    const now = op.env.now();
    const result = op.env.verifier.ownerMonitor(view, owner.monitor, response, now);
    if (result.owner.start === owner.monitor.start) {
      throw failureOf(new Refusal("proof", "the directory tells of versions that it does not prove"), step);
    }
    proceed(next, result, now);
    owner = datesOf({ ...owner, monitor: result.owner }, result.entries);
  }
  return owner;
}

/**
 * Looks for what made monitoring fail: a search of the label shows whether a commitment that was
 * proven has changed, or a proof of absence that the label is gone. Returns the failure of the
 * search if it found misbehaviour, and the given error otherwise.
 */
export async function seekContradiction(op: Operation, label: string, failed: unknown): Promise<unknown> {
  const q = { label, version: undefined };
  try {
    try {
      await search(op, q, (_, next, f) => void observeContact(op, contactOf(next, label), f)); // not seen
    } catch (error) {
      await proveAbsent(op, q, error);
    }
  } catch (error) {
    if (isFailure(error, "misbehaviour")) return error;
  }
  return failed;
}

/**
 * Has a search prove, up to the log's last entry, that no version exists beyond the greatest one
 * that the owner knows. That the directory tells of none is only its word, and owner monitoring
 * ends at the rightmost distinguished entry.
 */
async function proveGreatest(op: Operation, label: string): Promise<void> {
  const step = "checking that no other version exists";
  const greatest = ownerGreatest(ownerOf(op, label).monitor);
  let version: number;
  try {
    version = await greatestOf(op, label);
  } catch (error) {
    const type = problemOf(error)?.type;
    // It does not know how to prove that, so that it has none is its word.
    if (greatest === undefined && type === "unknown-label") return;
    if (greatest !== undefined && type === "erased") return proveNothingAfter(op, label, greatest);
    throw error;
  }
  if (version > (greatest ?? -1)) {
    throw new Failure(
      "attention",
      step,
      `version ${version} is in the log, and the directory denies it to its owner`,
    );
  }
  if (version < (greatest ?? -1)) {
    throw new Failure("undecided", step, `the directory answers with the older version ${version}`);
  }
}

/** Does for a label whose greatest version was erased what a search does for others. */
async function proveNothingAfter(op: Operation, label: string, greatest: number): Promise<void> {
  if (greatest === 0xffffffff) return;
  try {
    await absence(op, { label, version: greatest + 1 });
  } catch (error) {
    if (!problemOf(error)?.lacksOperation) throw error;
  }
}
