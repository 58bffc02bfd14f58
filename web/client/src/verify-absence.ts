import type { Contact } from "./contact.js";
import { Refusal } from "./errors.js";
import type { AbsenceRequest, AbsenceResponse } from "./extensions.js";
import { mergeKeys, type VersionKeys } from "./keys.js";
import * as ladder from "./ladder.js";
import { claimedAt, lastPosition, ownerGreatest, type Owner } from "./owner.js";
import { nothingBeyond } from "./search.js";
import { open, type Rules, type Verified } from "./session.js";
import type { TraceStep } from "./trace.js";
import { ladderKeys } from "./verify-keys.js";
import type { View } from "./view.js";
import { name } from "./walk.js";

/** The verified absence of a label's versions above `greatest`, undefined for all of them. */
export interface AbsenceResult extends Verified {
  readonly greatest: number | undefined;
  /** What the response told of the label's versions. */
  readonly keys: VersionKeys;
}

/** See Verifier.absence. */
export function verifyAbsence(
  rules: Rules,
  view: View,
  q: AbsenceRequest,
  p: AbsenceResponse,
  now: number,
): AbsenceResult {
  const { greatest } = p;
  if (greatest !== undefined && (q.version ?? -1) <= greatest) {
    throw new Refusal("proof", `the greatest version ${greatest} does not rule out what was asked for`);
  }
  const trace: TraceStep[] = [];
  // Without a version, the target is 0, which ends each ladder at once.
  const keys = ladderKeys(rules, q.label, ladder.base(greatest ?? 0), p.binaryLadder, trace);
  for (const [version, key] of keys) {
    if (isBeyond(version, greatest) === (key.commitment !== undefined)) {
      throw new Refusal(
        "proof",
        `version ${version} has a commitment, or lacks one, against what is claimed`,
      );
    }
  }
  const s = open(rules, view, p.fullTreeHead, p.absence, keys, trace);
  nothingBeyond(s.walk, greatest);
  return { ...s.close(now), greatest, keys: s.consumer.keys };
}

const isBeyond = (version: number, greatest: number | undefined): boolean => version > (greatest ?? -1);

/**
 * Holds an absence against the versions that a contact's user monitors. Throws a Refusal:
 * "misbehaviour" if they contradict each other, with the detail "vanished" if a version is gone;
 * else "proof".
 */
export function checkContactAbsence(contact: Contact, r: AbsenceResult): void {
  for (const { version } of contact.map) if (isBeyond(version, r.greatest)) throw vanished(version, r);
  checkKeysAbsence(contact.keys, r);
}

/**
 * Holds an absence against what a label's owner knows. Throws as checkContactAbsence: a version
 * that is only claimed may not exist.
 */
export function checkOwnerAbsence(owner: Owner, r: AbsenceResult): void {
  const greatest = ownerGreatest(owner);
  if (greatest !== undefined && isBeyond(greatest, r.greatest)) {
    if (!claimedAt(owner, lastPosition(owner))) throw vanished(greatest, r);
    throw new Refusal("proof", `version ${greatest}, as a response told without proof, does not exist`);
  }
  checkContactAbsence(owner.contact, r);
  checkKeysAbsence(owner.keys, r);
}

/** Holds an absence against versions that were proven under earlier heads of the same log. */
function checkKeysAbsence(known: VersionKeys, r: AbsenceResult): void {
  mergeKeys(known, r.keys);
  for (const [version, key] of known) {
    if (key.proven && isBeyond(version, r.greatest)) throw vanished(version, r);
  }
}

function vanished(version: number, r: AbsenceResult): Refusal {
  const now = `now that the greatest is ${name(r.greatest)}`;
  return new Refusal("misbehaviour", `the log proved that version ${version} exists, and ${now}`, "vanished");
}
