import { emptyContact } from "./contact.js";
import { Refusal } from "./errors.js";
import { mergeKeys } from "./keys.js";
import {
  checkMapEntries,
  contactMonitor,
  ownerInit,
  ownerInitEntries,
  ownerInitVersions,
  ownerMonitor,
} from "./monitor.js";
import { advanceOwner, claimedAt, expectedAt, type Owner } from "./owner.js";
import type { OwnerInitRequest } from "./requests.js";
import type { OwnerInitResponse, OwnerMonitorResponse } from "./responses.js";
import { open, type Rules, type Verified } from "./session.js";
import type { TraceStep } from "./trace.js";
import { ladderKeys, refuseCommitments } from "./verify-keys.js";
import type { View } from "./view.js";

/** The outcome of an owner's operation. */
export interface OwnerResult extends Verified {
  /** What to retain from now on. */
  readonly owner: Owner;
}

/** The outcome of an owner's monitoring. */
export interface OwnerMonitorResult extends OwnerResult {
  /** The rightmost distinguished entry was reached; otherwise the owner asks again. */
  readonly complete: boolean;
}

/** See Verifier.ownerInit. */
export function verifyOwnerInit(
  rules: Rules,
  view: View,
  q: OwnerInitRequest,
  p: OwnerInitResponse,
  now: number,
): OwnerResult {
  const { greatestVersions: greatest } = p;
  if (greatest.some((v, i) => v > (greatest[i - 1] ?? v))) {
    throw new Refusal("proof", "the greatest versions rise from right to left");
  }
  const trace: TraceStep[] = [];
  const keys = ladderKeys(rules, q.label, ownerInitVersions(greatest), p.binaryLadder, trace);
  const atStart = greatest[0];
  refuseCommitments(keys, (v) => v > (atStart ?? -1));
  const s = open(rules, view, p.fullTreeHead, p.init, keys, trace);
  const entries = ownerInitEntries(s.walk, q.start);
  if (greatest.length > entries.length) {
    throw new Refusal("proof", `${greatest.length} greatest versions for ${entries.length} log entries`);
  }
  ownerInit(s.walk, entries, greatest);
  const verified = s.close(now);
  const owner = { start: q.start, atStart, created: [], contact: emptyContact, keys: s.consumer.keys };
  return { ...verified, owner };
}

/** See Verifier.ownerMonitor. */
export function verifyOwnerMonitor(
  rules: Rules,
  view: View,
  owner: Owner,
  p: OwnerMonitorResponse,
  now: number,
): OwnerMonitorResult {
  const keys = mergeKeys(owner.keys, owner.contact.keys);
  const s = open(rules, view, p.fullTreeHead, p.monitor, keys);
  const { walk } = s;
  checkMapEntries(owner.contact.map, walk.size);
  walk.claimed = (position) => claimedAt(owner, position);
  const moved = contactMonitor(walk, owner.contact.map, owner.start);
  const { verified: start, stopped } = ownerMonitor(walk, {
    start: owner.start,
    expected: (position) => expectedAt(owner, position),
    // From a user's perspective, the only stop condition is having consumed all of the response.
    stop: () => s.consumer.exhausted,
  });
  const verified = s.close(now);
  const next = advanceOwner(owner, walk.size, start, moved, s.consumer.keys);
  return { ...verified, owner: next, complete: !stopped };
}
