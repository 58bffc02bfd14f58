import type { Description } from "./description.js";

/** A key and what it became. */
export interface Change {
  old: Description;
  new: Description;
}

/**
 * What happened between two versions of a label's value. Each key is in exactly one of the
 * lists. `removed` is in the order of the old keys, the others in that of the new ones.
 */
export interface Changes {
  added: Description[];
  removed: Description[];
  /** Keys that are gone and came, and plainly are one device's. */
  replaced: Change[];
  /** The same format and fingerprint, anything else different. */
  updated: Change[];
  unchanged: Description[];
}

type Identity = (d: Description) => string;

/** Which old key each new one was, by index. What is paired is out of reach of later rules. */
interface Pairing {
  old: Description[];
  now: Description[];
  from: (number | undefined)[];
  used: boolean[];
}

/**
 * Compares the keys of two versions by their descriptions (docs/keyset.md, "What
 * changed"). Between two candidates it does not guess.
 */
export function diff(old: Description[], now: Description[]): Changes {
  const p: Pairing = { old, now, from: now.map(() => undefined), used: old.map(() => false) };
  matchEach(p, (d) => d.sha256);
  const same = [...p.from];
  matchEach(p, (d) => join(d.format, d.fingerprint));
  const updated = [...p.from];
  for (const rule of replacing) matchOnly(p, rule);

  const c: Changes = { added: [], removed: [], replaced: [], updated: [], unchanged: [] };
  now.forEach((d, i) => {
    const from = p.from[i];
    const was = from === undefined ? undefined : old[from];
    if (!was) c.added.push(d);
    else if (same[i] !== undefined) c.unchanged.push(d);
    else (updated[i] !== undefined ? c.updated : c.replaced).push({ old: was, new: d });
  });
  c.removed = old.filter((_, i) => !p.used[i]);
  return c;
}

/** The rules for keys of one device, the narrowest first. No identity: the rule is not for this key. */
const replacing: Identity[] = [
  (d) => (d.name ? join(d.format, d.name, ...(d.purposes ?? [])) : ""),
  (d) => (d.name ? join(d.format, d.name) : ""),
  (d) => (d.name ? join(family(d.format), d.name) : ""),
  (d) => d.format,
];

/** Indexes by identity of the keys that are not paired. */
function groups(keys: Description[], paired: (i: number) => boolean, id: Identity): Map<string, number[]> {
  const m = new Map<string, number[]>();
  keys.forEach((d, i) => {
    if (paired(i)) return;
    const list = m.get(id(d));
    if (list) list.push(i);
    else m.set(id(d), [i]);
  });
  return m;
}

function pair(p: Pairing, old: number, now: number): void {
  p.from[now] = old;
  p.used[old] = true;
}

/** Pairs keys of the same identity, in order. */
function matchEach(p: Pairing, id: Identity): void {
  const left = groups(p.old, (i) => p.used[i] === true, id);
  for (const list of left.values()) list.reverse();
  p.now.forEach((d, i) => {
    if (p.from[i] !== undefined) return;
    const old = left.get(id(d))?.pop();
    if (old !== undefined) pair(p, old, i);
  });
}

/** Pairs keys whose identity no other key has that is left on their side. */
function matchOnly(p: Pairing, id: Identity): void {
  const left = groups(p.old, (i) => p.used[i] === true, id);
  for (const [key, now] of groups(p.now, (i) => p.from[i] !== undefined, id)) {
    const old = left.get(key) ?? [];
    const [i, j] = [old[0], now[0]];
    if (key === "" || old.length !== 1 || now.length !== 1 || i === undefined || j === undefined) continue;
    if (oneDevice(p.old[i], p.now[j])) pair(p, i, j);
  }
}

/** Keys with two names, or without one and with other purposes, are not one device's. */
function oneDevice(old?: Description, now?: Description): boolean {
  if (!old || !now || (old.name ?? "") !== (now.name ?? "")) return false;
  return !!old.name || join(...(old.purposes ?? [])) === join(...(now.purposes ?? []));
}

/** Names the formats that serve the same end on a device, so that one may take the place of the other. */
function family(format: string): string {
  switch (format) {
    case "Ed25519":
    case "P-256":
      return "signature key";
    case "X25519":
    case "ML-KEM-768":
    case "ML-KEM-1024":
      return "key agreement";
  }
  return format;
}

/** Makes one identity of strings; 0 occurs in none of them. */
function join(...parts: string[]): string {
  return parts.join("\0");
}
