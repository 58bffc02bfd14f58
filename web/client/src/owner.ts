import { addMapEntry, newContact, type Contact } from "./contact.js";
import { Refusal } from "./errors.js";
import { keepKeys, mergeKeys, type VersionKeys } from "./keys.js";
import * as ladder from "./ladder.js";
import type { Monitored } from "./monitor.js";
import type { OwnerMonitorRequest } from "./requests.js";
import type { LabelUpdate } from "./update.js";
import type { SearchResult } from "./verify-search.js";
import { lastSize, type View } from "./view.js";

/** A log entry that created versions of a label, of which `version` is the greatest. */
export interface Created {
  readonly position: number;
  readonly version: number;
  /**
   * Nothing has proven that yet: the entry is distinguished, and owner monitoring, which proves
   * it, has not come there.
   */
  readonly claimed: boolean;
}

/** What a label's owner retains. It is never modified. */
export interface Owner {
  /** The rightmost distinguished entry that the owner verified. */
  readonly start: number;
  /** The greatest version as of `start`, undefined if there was none. */
  readonly atStart: number | undefined;
  /** The entries to the right of `start` that created new versions, ascending. */
  readonly created: readonly Created[];
  /** The owner's contact monitoring state. */
  readonly contact: Contact;
  /** The versions that the next update's ladders may look up. */
  readonly keys: VersionKeys;
}

/** The greatest version that the owner knows, undefined if there is none. */
export function ownerGreatest(o: Owner): number | undefined {
  const last = o.created.at(-1);
  return last ? last.version : o.atStart;
}

/**
 * Where the greatest version was created as far as the owner knows: new versions are to the
 * right of that.
 */
export const lastPosition = (o: Owner): number => o.created.at(-1)?.position ?? o.start;

const lastCreated = (o: Owner, position: number): Created | undefined =>
  o.created.filter((c) => c.position <= position).at(-1);

/** The greatest version that the owner expects at an entry that is not to the left of start. */
export function expectedAt(o: Owner, position: number): number | undefined {
  if (position < o.start) {
    throw new Refusal("proof", `entry ${position} is to the left of the owner's start, ${o.start}`);
  }
  const created = lastCreated(o, position);
  return created ? created.version : o.atStart;
}

/** Tells whether what the owner expects at an entry is only claimed. */
export const claimedAt = (o: Owner, position: number): boolean => lastCreated(o, position)?.claimed ?? false;

/** Tells whether the owner holds new versions that nothing has proven; ownerMonitor proves them. */
export const hasClaims = (o: Owner): boolean => o.created.some((c) => c.claimed);

/**
 * Holds what a search of the owner's label found against what the owner knows. Throws a Refusal:
 * "misbehaviour" if both have proven different commitments to one version, else "proof".
 */
export function checkOwnerSearch(o: Owner, r: SearchResult): void {
  mergeKeys(o.keys, r.keys);
  mergeKeys(o.contact.keys, r.keys);
}

/** The request for the owner's regular monitoring. */
export function ownerMonitorRequest(o: Owner, view: View, label: Uint8Array): OwnerMonitorRequest {
  return {
    last: lastSize(view),
    label,
    entries: [...o.contact.map],
    start: o.start,
    greatestVersion: ownerGreatest(o),
  };
}

/**
 * The owner's state after the distinguished entries up to `start` were verified, in a log of
 * `size` entries, and the monitoring map moved.
 */
export function advanceOwner(
  o: Owner,
  size: number,
  start: number,
  moved: readonly Monitored[],
  keys: VersionKeys,
): Owner {
  const left = moved.filter((m) => !m.distinguished && !(m.deferred !== undefined && m.deferred <= start));
  const map = left.reduce((entries, m) => addMapEntry(entries, m, size), newContact([], keys).map);
  const created = o.created.filter((c) => c.position > start);
  return newOwner(start, expectedAt(o, start), created, newContact(map, keys), keys);
}

/** The owner's state after an update was verified in a log of `size` entries. */
export function ownerCreated(
  o: Owner,
  u: LabelUpdate,
  size: number,
  distinguished: boolean,
  keys: VersionKeys,
): Owner {
  const entry = { position: u.position, version: u.greatest };
  const created = [...o.created, { ...entry, claimed: distinguished }];
  const contact = distinguished ? o.contact : newContact(addMapEntry(o.contact.map, entry, size), keys);
  return newOwner(o.start, o.atStart, created, contact, keys);
}

/**
 * An owner that keeps the keys that later ladders look up: those for every version that a
 * distinguished entry yet to be verified may hold, and those of the greatest.
 */
function newOwner(
  start: number,
  atStart: number | undefined,
  created: readonly Created[],
  contact: Contact,
  keys: VersionKeys,
): Owner {
  const greatest = created.map((c) => c.version);
  if (atStart !== undefined) greatest.push(atStart);
  const needed = [0, ...greatest.flatMap((v) => ladder.base(v))];
  return { start, atStart, created, contact, keys: keepKeys(keys, needed) };
}
