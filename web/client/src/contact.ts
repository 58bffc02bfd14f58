import { Refusal } from "./errors.js";
import { keepKeys, mergeKeys, type VersionKeys } from "./keys.js";
import * as ladder from "./ladder.js";
import { rightAncestors } from "./monitor.js";
import type { MonitorMapEntry } from "./requests.js";
import type { SearchResult } from "./verify-search.js";

/** What a user retains to monitor a label that it looked up. It is never modified. */
export interface Contact {
  /**
   * The versions that have not been proven consistent with a distinguished log entry; positions
   * and versions ascend.
   */
  readonly map: readonly MonitorMapEntry[];
  /** What the monitoring ladders of `map` look up. */
  readonly keys: VersionKeys;
}

/** A contact of whom nothing is monitored. */
export const emptyContact: Contact = { map: [], keys: new Map() };

/**
 * The contact with the version that a search found, if it has to be monitored. Throws a Refusal
 * "misbehaviour" or "proof" if the search contradicts what is retained.
 */
export function observe(contact: Contact, r: SearchResult): Contact {
  const keys = mergeKeys(contact.keys, r.keys);
  if (!r.monitor) return contact;
  const entry = { position: r.terminal, version: r.version };
  return newContact(addMapEntry(contact.map, entry, r.view.head.treeSize), keys);
}

/** A contact that keeps only those of the keys that the map needs. */
export function newContact(map: readonly MonitorMapEntry[], keys: VersionKeys): Contact {
  return {
    map,
    keys: keepKeys(
      keys,
      map.flatMap((e) => ladder.monitoring(e.version)),
    ),
  };
}

/**
 * Adds an entry to a monitoring map for a log of `size` entries. What becomes redundant goes: of
 * two entries for one version the right one, of two for one position the lesser version, and an
 * entry that the new one's monitoring will come by with a greater version.
 *
 * In an honest log a lesser version cannot be first seen to the right of a greater one in any
 * other way: the entries that a search passes are between the two. Throws a Refusal "proof" if
 * it was; the algorithm could not monitor both.
 */
export function addMapEntry(
  map: readonly MonitorMapEntry[],
  e: MonitorMapEntry,
  size: number,
): readonly MonitorMapEntry[] {
  const out: MonitorMapEntry[] = [];
  for (const old of map) {
    const right = old.position - e.position;
    const newer = old.version - e.version;
    if ((newer === 0 && right <= 0) || (right === 0 && newer > 0)) return map;
    if (newer === 0 || right === 0) continue;
    if (right < 0 === newer < 0) {
      out.push(old);
    } else if (!(right > 0 && rightAncestors(e.position, size).includes(old.position))) {
      const monitored = `version ${old.version} in entry ${old.position}, which is being monitored`;
      throw new Refusal("proof", `version ${e.version} in entry ${e.position} contradicts ${monitored}`);
    }
  }
  out.push({ position: e.position, version: e.version });
  return out.sort((a, b) => a.version - b.version);
}
