import { stands, type AccountKey, type Status } from "../account/index.js";
import type { Description } from "../keyset/index.js";
import { sortedTexts } from "./order.js";
import { after } from "./span.js";
import { ask, find, sinceVerified, type Proven } from "./subject.js";
import { sameKey, type Timeline } from "./timeline.js";

/** Finds versions with an account key that the one before did not sign. */
export function resets(s: Proven): void {
  let last: AccountKey | undefined;
  s.timeline.versions.forEach((v, i) => {
    const unrelated = v.account === "unchecked" && last && v.key && !sameKey(last, v.key) && !v.rotated;
    if (v.account === "reset" || unrelated) resetAt(s, i);
    else if (v.account === "reset announced") announcedAt(s, i);
    if (stands(v.account) && v.key) last = v.key;
  });
}

function resetAt(s: Proven, i: number): void {
  const { timeline: t } = s;
  let message = `Version ${t.version(i).number} of the label has a new account key, which the one before did not sign.`;
  let versions = [i];
  if (i > 0 && t.version(i - 1).account === "reset announced") {
    versions = [i - 1, i];
    message += ` It was announced in version ${t.version(i - 1).number}.`;
  }
  switch (after(t.span(i), sinceVerified(s))) {
    case "yes":
      find(s, "identity-reset", "error", message, { versions });
      break;
    case "maybe":
      ask(s, versions);
      message +=
        " Whether that was since you verified the member, or since shortly before you first saw them, is not proven.";
      find(s, "identity-reset", "warning", message, { versions });
  }
}

/** About an announcement that no reset has followed. */
function announcedAt(s: Proven, i: number): void {
  const { timeline: t } = s;
  const number = t.version(i).number;
  if (i === t.last) {
    const message = `Version ${number} of the label announces a new account key. The reset may follow.`;
    find(s, "identity-reset", "warning", message, { versions: [i] });
  } else if (t.version(i + 1).account !== "reset" && after(t.span(i), sinceVerified(s)) !== "no") {
    const message = `Version ${number} of the label announced a new account key. No reset followed.`;
    find(s, "identity-reset", "note", message, { versions: [i] });
  }
}

/** Finds changes that the account key did not sign. */
export function unsignedChanges(s: Proven): void {
  const versions = fallen(s, "unsigned");
  const last = versions.at(-1);
  if (last === undefined) return;
  let message = `The label has an account key, which did not sign ${numbers(s.timeline, versions)}.`;
  if (s.timeline.stoodAgain(last) === undefined) message += " No version since has it set right.";
  find(s, "unsigned-change", "error", message, { keys: brought(s.timeline, versions), versions });
}

/** Finds versions of which it is open whether they are such changes. */
export function unconnected(s: Proven): void {
  const versions = fallen(s, "unconnected");
  if (versions.length === 0) return;
  const message = `Another account key than the one before signed ${numbers(s.timeline, versions)}, and whether that one agreed is in a version that could not be had.`;
  find(s, "could-not-check", "warning", message, { keys: brought(s.timeline, versions), versions });
}

/** The versions of a status that does not stand, if the user may have been shown them since the time from which that matters. */
function fallen(s: Proven, status: Status): number[] {
  const { timeline: t } = s;
  const found: number[] = [];
  t.versions.forEach((v, i) => {
    if (v.account !== status) return;
    const end = t.stoodAgain(i);
    const late = end === undefined ? "yes" : after(t.span(end), sinceVerified(s));
    if (late !== "no") found.push(i);
    if (end !== undefined && late === "maybe") ask(s, [end]);
  });
  return found;
}

/** The keys that these versions have and the version before each did not. */
function brought(t: Timeline, versions: readonly number[]): Description[] {
  const found = new Map<string, Description>();
  for (const i of versions) {
    const before = t.keys[i - 1];
    if (!before) continue;
    for (const [id, d] of t.keysOf(i)) if (!before.has(id)) found.set(id, d);
  }
  return sortedTexts(found.keys()).flatMap((id) => found.get(id) ?? []);
}

/** Names versions for people: "versions 3, 4 and 7". */
export function numbers(t: Timeline, versions: readonly number[]): string {
  const all = versions.map((i) => t.version(i).number);
  if (all.length === 1) return `version ${all[0]}`;
  return `versions ${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}
