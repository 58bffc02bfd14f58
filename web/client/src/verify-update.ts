import { Refusal } from "./errors.js";
import { thirdPartyManagement } from "./config.js";
import { mergeKeys, setCommitment, type VersionKey } from "./keys.js";
import { claimedAt, expectedAt, lastPosition, ownerCreated, ownerGreatest, type Owner } from "./owner.js";
import type { UpdateRequest } from "./requests.js";
import type { UpdateResponse } from "./responses.js";
import { open, type Rules } from "./session.js";
import type { TraceStep } from "./trace.js";
import { ladderVersions, update, type LabelUpdate } from "./update.js";
import type { UpdateValue } from "./value.js";
import { commitTo, ladderKeys, refuseCommitments, verifyValue } from "./verify-keys.js";
import type { OwnerResult } from "./verify-owner.js";
import { lastSize, type View } from "./view.js";

/** The outcome of one UpdateResponse. */
export interface UpdateResult extends OwnerResult {
  /** The log entry that created the versions. */
  readonly position: number;
  /** The version of the first of `values`; the others follow without a gap. */
  readonly first: number;
  /** How many versions below `first` were created without a value, under third-party management. */
  readonly skipped: number;
  /**
   * The values of the versions. If the entry at `position` is distinguished they are a claim that
   * the draft leaves to be proven by owner monitoring: until the owner's start has reached
   * `position`, whoever answered could have made them up.
   */
  readonly values: readonly UpdateValue[];
  /** The commitments to `values`, as good as these. */
  readonly commitments: readonly Uint8Array[];
  /**
   * The response says that these are the versions that the request asked for. It is a claim: they
   * may be, though it is not set.
   */
  readonly requested: boolean;
}

/** See Verifier.update. */
export function verifyUpdateResponse(
  rules: Rules,
  view: View,
  owner: Owner,
  q: UpdateRequest,
  p: UpdateResponse,
  now: number,
): UpdateResult {
  const requested = p.values.length === 0;
  const values = requested ? q.values : p.values;
  if (values.length === 0 || p.info.length !== values.length) {
    throw new Refusal("proof", `${p.info.length} openings for ${values.length} new versions`);
  }
  const skipped = skippedVersions(rules, p, values.length);
  const u = labelUpdate(owner, p.position, skipped + values.length);
  const first = u.greatest - values.length + 1;
  const trace: TraceStep[] = [];
  const keys = updateKeys(rules, owner, u, q.label, p, trace);
  for (let v = first - skipped; v < first; v++) setCommitment(keys, v, skippedCommitment);
  const updates = values.map((value, i) => updateValue(value, p.info[i]?.signature));
  const commitments = updates.map((value, i) =>
    commitTo(rules, q.label, first + i, p.info[i]?.opening ?? none, value, keys, trace),
  );
  const s = open(rules, view, p.fullTreeHead, p.update, keys, trace);
  const { size } = s.walk;
  if (p.position >= size)
    throw new Refusal("proof", `new versions in entry ${p.position} of a log of ${size}`);
  s.walk.claimed = (position) => claimedAt(owner, position);
  const distinguished = update(s.walk, u);
  updates.forEach((value, i) => verifyValue(s, q.label, first + i, value));
  const verified = s.close(now);
  const next = ownerCreated(owner, u, size, distinguished, s.consumer.keys);
  const { position } = p;
  return { ...verified, owner: next, position, first, skipped, values: updates, commitments, requested };
}

/**
 * The request that a further response to `q` answers, after `r` was the result of the one before:
 * KEYTRANS, "Updating a Label".
 */
export function nextUpdateRequest(q: UpdateRequest, r: UpdateResult): UpdateRequest {
  return {
    last: lastSize(r.view),
    label: q.label,
    greatestVersion: ownerGreatest(r.owner),
    values: r.requested ? [] : q.values,
  };
}

/** The greatest possible version. */
const maxVersion = 2 ** 32 - 1;

const none = new Uint8Array();

/** The commitment to a version that a Third-Party Manager skipped. Nothing opens it. */
const skippedCommitment = new Uint8Array(32);

const updateValue = (value: Uint8Array, signature: Uint8Array | undefined): UpdateValue =>
  signature ? { value, signature } : { value };

/** How many versions without a value a response tells of beside some values. */
function skippedVersions(rules: Rules, p: UpdateResponse, values: number): number {
  if (rules.config.mode !== thirdPartyManagement) return 0;
  const skipped = p.skippedVersions ?? 0;
  // Each new version takes a lookup or a step of the binary ladder.
  if (skipped + values > 255) throw new Refusal("proof", `${skipped} skipped versions`);
  return skipped;
}

/** What a response tells of `count` new versions that the entry at a position created. */
function labelUpdate(owner: Owner, position: number, count: number): LabelUpdate {
  const previous = ownerGreatest(owner);
  const inserted = lastPosition(owner);
  if (position <= inserted) {
    throw new Refusal("proof", `new versions in entry ${position}, not to the right of ${inserted}`);
  }
  const greatest = (previous ?? -1) + count;
  if (greatest > maxVersion) throw new Refusal("proof", "versions above the greatest possible one");
  return { position, previous, inserted, greatest, expected: (at) => expectedAt(owner, at) };
}

/** What the owner knows of the label's versions with what an update response adds. */
function updateKeys(
  rules: Rules,
  owner: Owner,
  u: LabelUpdate,
  label: Uint8Array,
  p: UpdateResponse,
  trace: TraceStep[],
): Map<number, VersionKey> {
  const added = ladderKeys(rules, label, ladderVersions(u), p.binaryLadder, trace);
  // Every one of these versions is greater than the previous greatest: ladders of two versions
  // are the same until they look up a version that lies between the two.
  refuseCommitments(added, () => true);
  return mergeKeys(mergeKeys(owner.keys, owner.contact.keys), added);
}
