import { formatName } from "../keyset/index.js";
import { labelWarnings } from "../labelwarnings.js";
import { skeleton } from "../skeleton.js";
import type { History } from "./history.js";
import { describeDevice } from "./devices.js";
import { sortedTexts } from "./order.js";
import type { Device } from "./roster.js";
import { find, skew, type Check, type Subject } from "./subject.js";
import { stamp } from "./time.js";

/** The history of a label of which versions were proven. It says so if none were. */
export function provenHistory(s: Subject): History | undefined {
  const h = s.history;
  if (!h) {
    find(s, "could-not-check", "warning", "The label was not looked up.");
  } else if (h.misbehaviour) {
    find(s, "misbehaviour", "error", "The directory signed a contradiction about this label.");
  } else if (h.error !== undefined) {
    find(s, "could-not-check", "warning", `The label could not be looked up: ${h.error}.`);
  } else if (h.absent) {
    absentLabel(s);
  } else if (h.versions.length === 0) {
    find(s, "could-not-check", "warning", "No version of the label was proven.");
  } else {
    return h;
  }
  return undefined;
}

function absentLabel(s: Subject): void {
  if (s.me && s.member.devices.length === 0) {
    const message = "Your own label is not in the directory, which proved it: others cannot check you.";
    find(s, "ghost-user", "note", message);
    return;
  }
  const message =
    "The directory has proven that it has no such label: nothing vouches for the keys of this member.";
  s.check.absent.add(find(s, "ghost-user", "error", message));
}

/** Holds the member against the agreed list. */
export function agreed(s: Subject): void {
  if (!s.check.agreed || s.check.agreed.has(s.member.label)) return;
  if (s.me) {
    find(s, "ghost-user", "note", "Your own label is not in the list that the members agreed on.");
    return;
  }
  const message = "The member is in the conversation, and not in the list that the members agreed on.";
  find(s, "ghost-user", "error", message);
}

/** Warns of a label that by itself may deceive the eye. */
export function deceptive(s: Subject): void {
  const texts = labelWarnings(s.member.label).map((w) => w.text);
  if (texts.length === 0 || s.me) return;
  find(s, "look-alike-label", "note", `The label may be taken for another: ${texts.join("; ")}.`);
}

/** Finds labels of the conversation that most people cannot tell apart. */
export function lookAlikes(c: Check): void {
  const { me, members, agreed } = c.roster;
  const alike = new Map<string, string[]>();
  for (const label of sortedTexts([...(agreed ?? []), ...(me ? [me] : []), ...members.map((m) => m.label)])) {
    const like = skeleton(label);
    const group = alike.get(like);
    if (group) group.push(label);
    else alike.set(like, [label]);
  }
  for (const group of alike.values()) {
    const [label, ...others] = group;
    if (label === undefined || others.length === 0) continue;
    const member = { label, firstSeen: 0, devices: [] };
    const subject = { check: c, member, me: false, history: undefined, timeline: undefined };
    const message = `Labels of this conversation look alike: ${group.map(ascii).join(", ")}.`;
    find(subject, "look-alike-label", "warning", message).other_labels = others;
  }
}

/** Writes a label so that no two look alike. */
function ascii(label: string): string {
  const escaped = label.replace(/["\\]|[^\x20-\x7e]/gu, (c) => {
    if (c === '"' || c === "\\") return `\\${c}`;
    const code = (c.codePointAt(0) ?? 0).toString(16);
    return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\U${code.padStart(8, "0")}`;
  });
  return `"${escaped}"`;
}

/** Finds a key that a member has twice. */
export function duplicates(s: Subject): void {
  const [first, said] = [new Map<string, Device>(), new Set<string>()];
  for (const d of s.member.devices) {
    const id = `${formatName(d.format)} ${s.check.ids.device(d)}`;
    const other = first.get(id);
    if (!other) {
      first.set(id, d);
      continue;
    }
    const severity = other.name !== d.name && other.name !== "" && d.name !== "" ? "warning" : "note";
    if (said.has(id + severity)) continue;
    said.add(id + severity);
    const unnamed = other.name === "" && d.name === "";
    const names = unnamed
      ? "both without a name"
      : `${JSON.stringify(other.name)} and ${JSON.stringify(d.name)}`;
    const message = `The session has one key for two devices of this member, ${names}.`;
    find(s, "duplicate-device", severity, message, { keys: [describeDevice(d)] });
  }
}

/** Refuses to judge by times that have not come yet: a verification in the future would excuse everything. */
export function clocks(s: Subject): void {
  const { firstSeen, verifiedAt } = s.member;
  const times = { first_seen: firstSeen, verified_at: verifiedAt, started: s.check.roster.started };
  for (const [name, at] of Object.entries(times)) {
    if (at === undefined || at <= s.check.now + skew) continue;
    find(s, "could-not-check", "warning", `The roster's "${name}", ${stamp(at)}, has not come yet.`);
  }
}
