import { checkKey, describeKey, formatName, statusOf, type Description } from "../keyset/index.js";
import { Refusal } from "../errors.js";
import type { Severity } from "./report.js";
import { keyOf, type Device } from "./roster.js";
import { sortedTexts } from "./order.js";
import { find, type Proven, type Subject } from "./subject.js";
import { stamp } from "./time.js";
import { ended, type Run, type Timeline } from "./timeline.js";

/** The session's first device with each key of the member, by what identifies the key, in order. */
export function devicesByID(s: Subject): Map<string, Device> {
  const devices = new Map<string, Device>();
  for (const d of s.member.devices) {
    const id = s.check.ids.device(d);
    if (!devices.has(id)) devices.set(id, d);
  }
  return devices;
}

/** Describes a device's key. Of a fingerprint alone, there is no more. */
export function describeDevice(d: Device): Description {
  const key = keyOf(d);
  if (key?.data.length) return describeKey(key);
  const format = formatName(d.format);
  const known = { format, fingerprint: d.fingerprint, description: `${format} ${d.fingerprint}`, sha256: "" };
  return d.name === "" ? known : { ...known, name: d.name };
}

/** Finds keys of the session that no proven version has. */
export function ghostDevices(s: Proven): void {
  const { timeline: t } = s;
  if (!t.present) return; // gaps says so
  for (const [id, d] of devicesByID(s)) {
    if (t.runsOf(id).length > 0) continue;
    let message = `The session has a key that is in none of the ${extent(t)} of this label.`;
    const invalid = whyInvalid(d);
    if (invalid !== undefined) message += ` It is no valid key of its format either: ${invalid}.`;
    if (d.name !== "" && [...t.present.values()].some((k) => k.name === d.name)) {
      message += ` The directory has another key under the same device name, ${JSON.stringify(d.name)}.`;
    }
    find(s, "ghost-device", "error", message, { keys: [describeDevice(d)], versions: [t.last] });
  }
}

function whyInvalid(d: Device): string | undefined {
  const key = keyOf(d);
  if (!key?.data.length) return undefined;
  try {
    checkKey(key);
  } catch (e) {
    if (e instanceof Refusal) return e.message;
    throw e;
  }
  return undefined;
}

/** Names the versions that were proven. */
function extent(t: Timeline): string {
  const [first, last, count] = [t.version(0).number, t.newest.number, t.versions.length];
  if (count === 1) return `proven versions (version ${first})`;
  return `${count} versions ${t.history.complete ? "" : "that were proven "}(${first} to ${last})`;
}

/** Finds keys of the session that the label had, and has no more, or that are no longer valid. */
export function staleKeys(s: Proven): void {
  const { present } = s.timeline;
  if (!present) return;
  for (const id of devicesByID(s).keys()) {
    const key = present.get(id);
    const last = s.timeline.runsOf(id).at(-1);
    if (key) staleStatus(s, key);
    else if (last && ended(last)) staleRun(s, last);
  }
}

function staleStatus(s: Proven, key: Description): void {
  const about = { keys: [key], versions: [s.timeline.last] };
  switch (statusOf(key, s.check.now)) {
    case "revoked":
      find(s, "stale-key", "warning", "The session has a key that its owner has revoked.", about);
      break;
    case "expired": {
      const at = stamp(Date.parse(key.expires ?? ""));
      find(
        s,
        "stale-key",
        "note",
        `The session has a key that expired at ${at}. The label still has it.`,
        about,
      );
    }
  }
}

function staleRun(s: Proven, r: Run & { to: number }): void {
  const { timeline: t } = s;
  const [had, lacks] = [t.version(r.last).number, t.version(r.to).number];
  let message = `The session has a key that version ${had} of the label had, and version ${lacks} has no more.`;
  const by = t.replacements(r.last, r.to).byOld.get(r.id)?.new;
  if (by) message += ` Version ${lacks} has ${by.description} in its place.`;
  find(s, "stale-key", "warning", message, { keys: [r.key], versions: [r.last, r.to] });
}

/** Finds usable keys that the directory lists and the session lacks. */
export function dormant(s: Proven): void {
  const { timeline: t } = s;
  if (!t.present || s.member.devices.length === 0) return;
  const use = useOf(s);
  for (const r of t.runs) {
    const key = t.present.get(r.id);
    if (ended(r) || !key || use.ids.has(r.id) || statusOf(key, s.check.now) !== "") continue;
    const severity = severityOf(use, key);
    if (!severity) continue;
    const number = t.version(r.from).number;
    const message = `The label has a key since version ${number} that the session does not use.`;
    const about = { keys: [key], versions: [r.from, t.last] };
    find(s, "dormant-insertion", r.endorsed ? "note" : severity, message, about);
  }
}

/** What the session uses a member's keys for. */
interface Use {
  ids: Set<string>;
  formats: Set<string>;
  purposes: Set<string>;
  /** A key in use has no stated purpose. */
  anything: boolean;
}

function useOf(s: Proven): Use {
  const u: Use = { ids: new Set(), formats: new Set(), purposes: new Set(), anything: false };
  for (const d of s.member.devices) {
    const id = s.check.ids.device(d);
    u.ids.add(id);
    u.formats.add(formatName(d.format));
    const purposes = s.timeline.present?.get(id)?.purposes ?? [];
    if (purposes.length === 0) u.anything = true;
    for (const p of purposes) u.purposes.add(p);
  }
  return u;
}

/**
 * How bad it is that the session does not use a listed key: it would, if it is told to trust
 * the directory. Of a key of a format that it does not use, or that its owner means for
 * something else, an app may make use too, but none does as a rule.
 */
function severityOf(u: Use, key: Description): Severity | undefined {
  const purposes = key.purposes ?? [];
  if (!u.formats.has(key.format)) return purposes.includes("messaging") ? "note" : undefined;
  return u.anything || purposes.length === 0 || purposes.some((p) => u.purposes.has(p)) ? "warning" : "note";
}

/** Finds weak keys that the label has. */
export function weakKeys(s: Proven): void {
  const { present, last } = s.timeline;
  const use = useOf(s);
  for (const id of sortedTexts(present?.keys() ?? [])) {
    const key = present?.get(id);
    if (!key?.weak?.length) continue;
    const why = sortedTexts(key.weak).map((w) => JSON.stringify(w));
    const message = `The label has a weak key: ${why.join(", ")}.`;
    find(s, "weak-key", use.ids.has(id) ? "warning" : "note", message, { keys: [key], versions: [last] });
  }
}
