import { Refusal } from "./errors.js";
import * as ibst from "./ibst.js";
import * as ladder from "./ladder.js";
import { ascending } from "./monitor.js";
import type { Walk } from "./walk.js";

/** New versions of a label that one log entry created. */
export interface LabelUpdate {
  /** Of the entry that created them. */
  readonly position: number;
  /** The greatest version before it, undefined if there was none. */
  readonly previous: number | undefined;
  /** The position where `previous` was created. */
  readonly inserted: number;
  /** The greatest version after it. */
  readonly greatest: number;
  /** The greatest version at an entry to the left of `position`. */
  readonly expected: (position: number) => number | undefined;
}

/**
 * The new versions, ascending, that a search ladder for the new greatest version does not look
 * up. Requires that there are at most 255 new versions.
 */
export function beyondLadder(u: LabelUpdate): number[] {
  const base = new Set(ladder.base(u.greatest));
  const out: number[] = [];
  for (let v = (u.previous ?? -1) + 1; v <= u.greatest; v++) if (!base.has(v)) out.push(v);
  return out;
}

/**
 * The versions, ascending, whose search keys the owner needs in addition to those it knows:
 * KEYTRANS, "Updating a Label".
 */
export function ladderVersions(u: LabelUpdate): number[] {
  const known = new Set(u.previous === undefined ? [0] : ladder.base(u.previous));
  return ascending([...ladder.base(u.greatest), ...beyondLadder(u)].filter((v) => !known.has(v)));
}

/**
 * Verifies how new versions of a label were inserted: KEYTRANS, "Updating a Label". Tells
 * whether the entry that created them is distinguished; if not, the owner has to monitor it.
 * Requires a position that is neither the first entry nor beyond the log.
 */
export function update(w: Walk, u: LabelUpdate): boolean {
  updatePrevious(w, u);
  const distinguished = w.isDistinguished(u.position);
  if (!distinguished) w.expectClaimed(u.position, u.greatest, true); // step 4
  const more = beyondLadder(u);
  if (more.length > 0) {
    // steps 3 and 4
    const missing = w.firstMissing(u.position, more);
    if (missing !== undefined) {
      w.reject(new Refusal("proof", `entry ${u.position} lacks the new version ${missing}`));
    }
  }
  return distinguished;
}

/**
 * Steps 1 and 2: a greatest-version search for the previous greatest version in the log up to
 * and excluding the new versions' entry. The entries that the owner has verified before are
 * left out.
 */
function updatePrevious(w: Walk, u: LabelUpdate): void {
  const distinguished = new Set(w.distinguishedPath(u.position - 1));
  // In the current tree the previous frontier is a part of the path to its last entry, and its
  // distinguished entries are the first of that part.
  const frontier = ibst.frontier(u.position);
  const first = frontier.findIndex((position) => !distinguished.has(position));
  // SPEC: If there is no such log entry, skip to step 3.
  // Nothing is inspected or left out, so no later lookup is redundant.
  if (first < 0) return;
  // Lookups in the rightmost distinguished entry, where a greatest-version search starts, make
  // later ones redundant although it is not inspected.
  const start = frontier[first - 1];
  if (start !== undefined) noteLadder(w, u, start);
  for (const position of frontier.slice(first)) {
    // Step 2.1. Every one of these entries is to the right of the owner's starting position,
    // which is distinguished, so that the position of the previous version alone decides.
    if (u.previous !== undefined && position <= u.inserted) noteLadder(w, u, position);
    else w.expectKnown(position, u.previous, true);
  }
}

/**
 * Remembers the outcomes of a search ladder for the previous greatest version as if it had been
 * obtained from an entry.
 */
function noteLadder(w: Walk, u: LabelUpdate, position: number): void {
  if (u.previous === undefined) return;
  const greatest = u.expected(position) ?? -1;
  for (const version of ladder.search(u.previous, greatest)) {
    w.note(position, version, version <= greatest);
  }
}
