import { Refusal } from "./errors.js";
import * as ibst from "./ibst.js";
import * as ladder from "./ladder.js";
import type { MonitorMapEntry } from "./requests.js";
import type { Walk } from "./walk.js";

/**
 * Checks that a monitoring map ascends by position and by version, inside a log of `size`
 * entries. Throws a Refusal "proof".
 */
export function checkMapEntries(entries: readonly MonitorMapEntry[], size: number): void {
  entries.forEach((e, i) => {
    const before = entries[i - 1];
    if (e.position >= size || (before && (e.position <= before.position || e.version <= before.version))) {
      throw new Refusal("proof", `the monitoring map does not fit a log of ${size} entries`);
    }
  });
}

/** A monitoring map entry on its way up the search tree. */
export interface Monitored extends MonitorMapEntry {
  /** Its position is a distinguished entry. */
  distinguished: boolean;
  /** The distinguished entry that owner monitoring verifies in place of this algorithm: step 2.4. */
  deferred?: number;
}

/**
 * Moves the entries of a monitoring map up the search tree: KEYTRANS, "Contact Algorithm".
 * `start` is the owner's start position if this runs in the context of owner monitoring. The
 * result is the updated map, ascending, which still holds distinguished positions.
 */
export function contactMonitor(w: Walk, entries: readonly MonitorMapEntry[], start?: number): Monitored[] {
  const ladders = new Map<number, number>(); // target of the ladder given for an entry
  const out: Monitored[] = [];
  for (const e of [...entries].reverse()) {
    const moved = contactMonitorEntry(w, e, start, ladders);
    if (moved) out.unshift(moved);
  }
  return out;
}

/** Moves one entry; the result is undefined if a greater version takes its place. */
function contactMonitorEntry(
  w: Walk,
  e: MonitorMapEntry,
  start: number | undefined,
  ladders: Map<number, number>,
): Monitored | undefined {
  const { version } = e;
  let at = e.position;
  const distinguished = new Set(w.distinguishedPath(at));
  if (distinguished.has(at)) return { position: at, version, distinguished: true };
  for (const position of rightAncestors(at, w.size)) {
    const isLast = distinguished.has(position);
    if (isLast && start !== undefined && e.position >= start) {
      return { position: at, version, distinguished: false, deferred: position };
    }
    const target = ladders.get(position);
    if (target !== undefined) {
      if (target > version) return undefined; // covered by the greater version
      throw new Refusal(
        "proof",
        `version ${target} in entry ${position} follows version ${version} to its left`,
      );
    }
    const missing = w.firstMissing(position, ladder.monitoring(version));
    if (missing !== undefined) {
      w.contradict(`entry ${position} lacks version ${missing}, which entry ${at} proved to exist`);
    }
    ladders.set(position, version);
    at = position;
    if (isLast) return { position, version, distinguished: true };
  }
  return { position: at, version, distinguished: false };
}

/** The part of the direct path of a position that is to its right, from left to right. */
export function rightAncestors(position: number, size: number): number[] {
  return ibst
    .path(position, size)
    .filter((x) => x > position)
    .reverse();
}

/**
 * The log entries that an owner inspects to take ownership at `start`: start, then those on its
 * direct path to its left, up to the first expired one: KEYTRANS, "Owner Algorithm". Throws a
 * Refusal "start" if start does not qualify.
 */
export function ownerInitEntries(w: Walk, start: number): number[] {
  if (start >= w.size || !w.isDistinguished(start)) {
    throw new Refusal("start", `entry ${start} of a log of ${w.size} is not distinguished`);
  }
  const list: number[] = [];
  for (const position of ibst.path(start, w.size).reverse()) {
    if (position > start) continue;
    if (w.expired(w.timestamp(position))) break;
    list.push(position);
  }
  if (list.length === 0) throw new Refusal("start", `entry ${start} has expired`);
  return list;
}

/**
 * Obtains a complete search ladder from each of the entries, for the corresponding greatest
 * version, or none beyond the end of `versions`.
 */
export function ownerInit(w: Walk, entries: readonly number[], versions: readonly number[]): void {
  entries.forEach((position, i) => w.expectClaimed(position, versions[i], false));
}

/**
 * The versions, ascending, whose search keys an owner needs to follow ownerInit: zero and every
 * version of a search ladder for one of the greatest versions.
 */
export function ownerInitVersions(greatest: readonly number[]): number[] {
  return ascending([0, ...greatest.flatMap((v) => ladder.base(v))]);
}

/** The versions in order, each once. */
export const ascending = (versions: Iterable<number>): number[] =>
  [...new Set(versions)].sort((a, b) => a - b);

/** What the second algorithm of KEYTRANS, "Owner Algorithm", is executed for. */
export interface OwnerMonitoring {
  /** The rightmost distinguished entry that the owner has verified. */
  start: number;
  /** The greatest version expected at a position, undefined for none. */
  expected: (position: number) => number | undefined;
  /** Tells whether the response ends here. */
  stop: () => boolean;
}

/**
 * Inspects the distinguished entries to the right of start, from left to right. Returns the
 * rightmost one inspected, start if none, and whether more remain.
 */
export function ownerMonitor(w: Walk, m: OwnerMonitoring): { verified: number; stopped: boolean } {
  let verified = m.start;
  let stopped = false;
  const visit = (span: ibst.Span | undefined): void => {
    if (!span || !w.distinguished(span)) return; // step 1
    const { position } = span;
    const right = () => {
      if (ibst.right(position, w.size) !== undefined)
        visit(ibst.rightSpan(span, w.timestamp(position), w.size));
    };
    if (position <= m.start) return right(); // step 2
    if (ibst.left(position) !== undefined) {
      // step 3
      visit(ibst.leftSpan(span, w.timestamp(position)));
      if (stopped) return;
    }
    stopped = m.stop(); // step 4
    if (stopped) return;
    w.expectKnown(position, m.expected(position), false); // step 5
    verified = position;
    right(); // step 6
  };
  visit(w.root());
  return { verified, stopped };
}
