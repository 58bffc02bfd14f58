import { equalBytes } from "../bytes.js";
import type { VersionKeys } from "../keys.js";
import type { Verified } from "../session.js";
import type { AbsenceResult } from "../verify-absence.js";
import type { SearchResult } from "../verify-search.js";
import { rightmostEntry } from "../view.js";

/** What a verified answer says of a label, all of it under a signed head. */
export interface Answer {
  label: Uint8Array;
  /** Of the log. */
  size: number;
  /** Of its rightmost entry, in milliseconds. */
  time: number;
  /** Those that are proven, by version. */
  commitments: ReadonlyMap<number, Uint8Array>;
  /** All that the answer tells of versions. */
  keys: VersionKeys;
  /** The answer tells that there is no version above greatest, undefined for no version. */
  bounded: boolean;
  greatest: number | undefined;
}

function newAnswer(label: Uint8Array, v: Verified, keys: VersionKeys): Answer {
  const commitments = new Map<number, Uint8Array>();
  for (const [version, k] of keys) if (k.proven && k.commitment) commitments.set(version, k.commitment);
  const [size, time] = [v.view.head.treeSize, rightmostEntry(v.view).timestamp];
  return { label, size, time, commitments, keys, bounded: false, greatest: undefined };
}

/** greatest tells that the search was one for the greatest version. */
export function searchAnswer(label: Uint8Array, greatest: boolean, r: SearchResult): Answer {
  const a = newAnswer(label, r, r.keys);
  return greatest ? { ...a, bounded: true, greatest: r.version } : a;
}

export function absenceAnswer(label: Uint8Array, r: AbsenceResult): Answer {
  return { ...newAnswer(label, r, r.keys), bounded: true, greatest: r.greatest };
}

/**
 * Returns what two answers about one label cannot both say of one log that keeps what it
 * has. lifetime is the log's maximum lifetime in milliseconds.
 *
 * It does not matter whether the larger log continues the smaller one: if not, the directory
 * has signed two logs.
 */
export function answersContradict(a: Answer, b: Answer, lifetime: number | undefined): string | undefined {
  if (!equalBytes(a.label, b.label)) return undefined;
  const [older, newer] = a.size > b.size ? [b, a] : [a, b];
  // What was true then may have gone for its age.
  if (lifetime !== undefined && newer.time - older.time >= lifetime) return undefined;
  const found = exceeds(older, newer, lifetime);
  return found === undefined && older.size === newer.size ? exceeds(newer, older, lifetime) : found;
}

/** Returns what a has and b, of a log at least as large, has not. */
function exceeds(a: Answer, b: Answer, lifetime: number | undefined): string | undefined {
  for (const [version, commitment] of a.commitments) {
    // A lesser version may be of an entry that was old already.
    if (lifetime !== undefined && !(a.bounded && version === a.greatest)) continue;
    const other = b.commitments.get(version);
    if (other !== undefined && !equalBytes(other, commitment)) {
      return `the log of ${a.size} entries has one value of version ${version} of a label, and the log of ${b.size} entries has another`;
    }
    if (b.bounded && version > (b.greatest ?? -1)) {
      const most = b.greatest === undefined ? "no version of it" : `none above ${b.greatest}`;
      return `the log of ${a.size} entries has version ${version} of a label, and the log of ${b.size} entries has ${most}`;
    }
  }
  return undefined;
}

/** Compares two lists of answers. */
export function compareAnswers(
  earlier: readonly Answer[],
  later: readonly Answer[],
  lifetime: number | undefined,
): string | undefined {
  for (const a of earlier) {
    for (const b of later) {
      const found = answersContradict(a, b, lifetime);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
