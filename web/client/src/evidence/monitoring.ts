import { equalBytes } from "../bytes.js";
import type { FullTreeHead } from "../head.js";
import * as ibst from "../ibst.js";
import * as ladder from "../ladder.js";
import { parseContactMonitorRequest, parseOwnerMonitorRequest, type MonitorMapEntry } from "../requests.js";
import { parseContactMonitorResponse, parseOwnerMonitorResponse } from "../responses.js";
import type { View } from "../view.js";
import type { Answer } from "./answer.js";
import { refuse, Report, type Log } from "./log.js";
import { checkLast, replayTime, type Replay } from "./exchange.js";

// The responses to monitoring are verified by means of what the user learned of the label
// before. Here that is what an earlier answer proved: the versions up to the monitored one
// are in the log of the earlier answer, so every later entry has to have them. The positions
// that the request names matter only in that all of the entries inspected are later ones.

/**
 * Returns the earlier answer that proves a version of a label, and all versions that a ladder
 * for it looks up below it.
 */
function groundOf(l: Log, label: Uint8Array, version: number, earlier: readonly Answer[]): Answer {
  if (l.config.maximumLifetime !== undefined) throw new Report("what was monitored may have expired");
  const found = earlier.find((a) => equalBytes(a.label, label) && provesLadder(a, version));
  if (found === undefined) {
    throw new Report(`nothing in the file proves version ${version}, which was monitored`);
  }
  return found;
}

const provesLadder = (a: Answer, version: number): boolean =>
  [...ladder.monitoring(version), version].every((v) => a.commitments.has(v));

/** Verifies that monitoring from a position on inspects no entry of the log of the earlier answer. */
function checkLater(a: Answer, position: number, size: number): void {
  if (position >= size || size > ibst.maxLogSize) {
    refuse(`position ${position} is beyond the log of ${size} entries`);
  }
  const old = ibst.path(position, size).find((x) => x > position && x < a.size);
  if (old !== undefined) throw new Report(`log entry ${old} is not after the earlier answer`);
}

/**
 * Verifies that the versions of a monitoring map rest on one earlier answer, which is
 * returned; it is known itself if there is one.
 */
function ground(
  r: Replay,
  label: Uint8Array,
  entries: readonly MonitorMapEntry[],
  size: number,
  known: Answer | undefined,
  earlier: readonly Answer[],
): Answer | undefined {
  let a = known;
  for (const e of entries) {
    a ??= groundOf(r.log, label, e.version, earlier);
    if (!provesLadder(a, e.version)) {
      throw new Report(`the earlier answer does not prove version ${e.version}`);
    }
    checkLater(a, e.position, size);
  }
  return a;
}

/** Returns the size of the log in a response to somebody who has the view. */
const sizeOf = (view: View, head: FullTreeHead): number => head.treeHead?.treeSize ?? view.head.treeSize;

export function replayContactMonitor(r: Replay, earlier: readonly Answer[]): void {
  const { log, view } = r;
  const q = parseContactMonitorRequest(r.request);
  checkLast(view, q.last);
  const p = parseContactMonitorResponse(log.config, r.response);
  const a = ground(r, q.label, q.entries, sizeOf(view, p.fullTreeHead), undefined, earlier);
  const contact = { map: q.entries, keys: a?.keys ?? new Map() };
  log.verifier.contactMonitor(view, contact, q, p, replayTime);
}

export function replayOwnerMonitor(r: Replay, earlier: readonly Answer[]): void {
  const { log, view } = r;
  const q = parseOwnerMonitorRequest(r.request);
  checkLast(view, q.last);
  const p = parseOwnerMonitorResponse(log.config, r.response);
  if (q.greatestVersion === undefined) throw new Report("the owner knew of no version");
  const a = groundOf(log, q.label, q.greatestVersion, earlier);
  if (q.start + 1 < a.size) {
    throw new Report(`the owner's start, log entry ${q.start}, is not after the earlier answer`);
  }
  ground(r, q.label, q.entries, sizeOf(view, p.fullTreeHead), a, earlier);
  const { keys } = a;
  const contact = { map: q.entries, keys };
  const owner = { start: q.start, atStart: q.greatestVersion, created: [], keys, contact };
  log.verifier.ownerMonitor(view, owner, p, replayTime);
}
