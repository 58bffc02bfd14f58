import type { Description } from "../keyset/index.js";
import { devicesByID } from "./devices.js";
import { sortedTexts } from "./order.js";
import type { Device } from "./roster.js";
import { after, clearer, moreThan, within, type Answer, type Span } from "./span.js";
import { ask, find, findTimed, isRelevant, skew, verified, type Proven } from "./subject.js";
import { stamp } from "./time.js";
import { ended, isBase, type Ended, type Run } from "./timeline.js";

/** Finds keys of the session that the label got right before they were needed, or after the user had verified the member. */
export function justInTime(s: Proven): void {
  for (const [id, d] of devicesByID(s)) {
    for (const r of s.timeline.runsOf(id)) justInTimeRun(s, d, r);
  }
}

function justInTimeRun(s: Proven, d: Device, r: Run): void {
  if (r.endorsed || (isBase(r) && !s.timeline.isNew)) return;
  const about = { keys: [r.key], versions: cameIn(r) };
  const came = s.timeline.came(r);
  const { when, why } = needed(s, came);
  const number = s.timeline.version(r.from).number;
  if (isBase(r)) {
    const message = `The label is new: its first version came ${why}.`;
    if (when === "maybe") ask(s, about.versions);
    if (when === "yes") find(s, "just-in-time-insertion", "note", message, about);
  } else if (when !== "no") {
    const message = `The session has a key that version ${number} brought, ${why}, and no account key that had long stood signed it.`;
    findTimed(s, when, "just-in-time-insertion", message, about);
  } else if (d.firstSeen !== undefined && after(came, d.firstSeen + skew) === "yes") {
    const message = `The session has had a key since ${stamp(d.firstSeen)}. The label has it only since version ${number}.`;
    find(s, "just-in-time-insertion", "note", message, about);
  }
}

/** The versions that a run's beginning depends on. */
export function cameIn(r: Run): number[] {
  return [r.earliest, r.from];
}

/** The versions that a run's end depends on. */
export function wentIn(r: Ended): number[] {
  return [r.last + 1, r.to];
}

/**
 * Whether a key came when somebody who wants to listen would need it: after the last
 * verification, or, without one, within the window before the member came, or before the
 * session began if that was later.
 */
function needed(s: Proven, came: Span): { when: Answer; why: string } {
  const { verifiedAt, firstSeen } = s.member;
  if (verifiedAt !== undefined) {
    return { when: after(came, verified(s)), why: `after you verified the member at ${stamp(verifiedAt)}` };
  }
  const before = (time: number) => within(came, time - s.check.window, time + skew);
  const [when, started] = [before(firstSeen), s.check.roster.started];
  if (started !== undefined && started > firstSeen && clearer(before(started), when)) {
    return { when: before(started), why: `shortly before the session began at ${stamp(started)}` };
  }
  return { when, why: `shortly before the member was first seen at ${stamp(firstSeen)}` };
}

/** Finds keys that are back after they were gone for longer than the window. */
export function rolledBack(s: Proven): void {
  const gone = new Map<string, Ended>();
  for (const r of s.timeline.runs) {
    const old = gone.get(r.id);
    if (old && !r.endorsed) rolledBackRun(s, old, r);
    if (ended(r)) gone.set(r.id, r);
  }
  unrevoked(s);
}

function rolledBackRun(s: Proven, old: Ended, r: Run): void {
  const { timeline: t } = s;
  const came = t.came(r);
  const long = moreThan(t.went(old), s.check.window, came);
  if (long === "no" || isVerified(s, came) || !isRelevant(s, came.hi)) return;
  const message = `A key that was gone in version ${t.version(old.to).number} of the label is back in version ${t.version(r.from).number}.`;
  const about = { keys: [r.key], versions: [...wentIn(old), ...cameIn(r)] };
  if (isExtended(old.key, r.key)) {
    find(s, "rolled-back-key", "note", `${message} Its owner has extended its validity.`, about);
  } else {
    findTimed(s, long, "rolled-back-key", message, about);
  }
}

/** Whether the user has verified the member since. */
function isVerified(s: Proven, created: Span): boolean {
  return s.member.verifiedAt !== undefined && after(created, verified(s)) === "no";
}

/** Whether a key's owner, in the key's own signature, has put off when it expires. Only OpenPGP certificates have that. */
function isExtended(old: Description, now: Description): boolean {
  if (now.format !== "OpenPGP" || old.expires === undefined) return false;
  return now.expires === undefined || Date.parse(now.expires) > Date.parse(old.expires);
}

/**
 * Finds keys that were revoked and are not any more. Nobody can take back a revocation; but who
 * hands out a copy of the key from before it can drop it.
 */
function unrevoked(s: Proven): void {
  const { timeline: t } = s;
  let before: number | undefined; // the last version whose keys are known
  t.keys.forEach((keys, i) => {
    if (!keys) return;
    for (const id of sortedTexts(keys.keys())) {
      const [old, now] = [before === undefined ? undefined : t.keysOf(before).get(id), keys.get(id)];
      if (before === undefined || !old?.revoked || !now || now.revoked || t.endorsed(i)) continue;
      if (isVerified(s, t.span(i)) || !isRelevant(s, t.span(i).hi)) continue;
      const message = `A key that was revoked in version ${t.version(before).number} of the label is not in version ${t.version(i).number}.`;
      find(s, "rolled-back-key", "warning", message, { keys: [now], versions: [before, i] });
    }
    before = i;
  });
}
