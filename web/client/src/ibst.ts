// The implicit binary search tree over the entries of a log, and the rule that decides from
// timestamps which entries are distinguished: KEYTRANS, "Implicit Binary Search Tree" and
// "Reasonable Monitoring Window".
//
// A position x is valid in a log of n entries if x < n. Functions that require something throw a
// RangeError otherwise: callers check what comes from outside, first of all that a log has at
// most maxLogSize entries.

/**
 * The greatest size of a log that this library handles. The arithmetic of the trees is exact in
 * numbers up to twice that.
 */
export const maxLogSize = 2 ** 52;

function demand(ok: boolean, what: string): void {
  if (!ok) throw new RangeError(what);
}

const requirePosition = (x: number, n: number): void =>
  demand(x >= 0 && x < n && n <= maxLogSize, `position ${x} in a log of ${n} entries`);

/** Returns how many bits an integer below 2^53 has. */
export function bitLength(n: number): number {
  const high = Math.floor(n / 2 ** 32);
  return high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(n);
}

/** Returns the position of the root of a log of n entries. Requires n > 0. */
export function root(n: number): number {
  demand(n > 0 && n <= maxLogSize, `no root in a log of ${n} entries`);
  return 2 ** (bitLength(n) - 1) - 1;
}

/** Half of 2^level, where the level of x is its height; 0 for the leaves, which are even. */
function step(x: number): number {
  let half = 0.5;
  for (; x % 2 === 1; x = (x - 1) / 2) half *= 2;
  return half < 1 ? 0 : half;
}

/** Returns the left child of x, undefined for a leaf. It does not depend on the size. */
export function left(x: number): number | undefined {
  const half = step(x);
  return half === 0 ? undefined : x - half;
}

/**
 * Returns the right child of x in a log of n entries, undefined for a leaf or the rightmost
 * entry. Requires x < n.
 */
export function right(x: number, n: number): number | undefined {
  requirePosition(x, n);
  let half = step(x);
  if (half === 0 || x === n - 1) return undefined;
  // The child, or a left descendant of it; x+1 < n is the leftmost one.
  let child = x + half;
  while (child >= n) {
    half /= 2;
    child -= half;
  }
  return child;
}

/**
 * Returns the positions from the root of a log of n entries down to and including x. Without its
 * last element it is the direct path of x, reversed. Requires x < n.
 */
export function path(x: number, n: number): number[] {
  requirePosition(x, n);
  const out: number[] = [];
  for (let y: number | undefined = root(n); y !== undefined; y = x < y ? left(y) : right(y, n)) {
    out.push(y);
    if (x === y) break;
  }
  return out;
}

/** Returns the root, its right child, and so on to the rightmost entry; nothing if n is 0. */
export function frontier(n: number): number[] {
  return n === 0 ? [] : frontierFrom(root(n), n);
}

/** Returns the part of the frontier that starts with x, which must lie on it. */
export function frontierFrom(x: number, n: number): number[] {
  const out: number[] = [];
  for (let y: number | undefined = x; y !== undefined; y = right(y, n)) out.push(y);
  return out;
}

/**
 * Returns the entries, ascending, whose timestamps bring a user who last saw a log of `old`
 * entries, 0 for one who has seen nothing, to one of n: KEYTRANS, "Updating Views of the Tree".
 * Requires old <= n.
 *
 * If no ancestor of entry old-1 is new, that entry still is on the frontier, and the list is the
 * rest of the frontier to its right.
 */
export function updateView(old: number, n: number): number[] {
  demand(old >= 0 && old <= n, `update of a view from size ${old} to ${n}`);
  if (old === 0) return frontier(n);
  const list = path(old - 1, n)
    .filter((p) => p >= old)
    .reverse();
  return [...list, ...frontierFrom(list.at(-1) ?? old - 1, n).slice(1)];
}

/** An entry with the timestamps that bracket it in the recursion over distinguished entries. */
export interface Span {
  position: number;
  left: number;
  right: number;
}

/**
 * Returns where the recursion starts in a log of n entries whose rightmost entry has the given
 * timestamp. Requires n > 0.
 */
export function rootSpan(n: number, rightmost: number): Span {
  return { position: root(n), left: 0, right: rightmost };
}

/**
 * Reports whether the bracketed entry is distinguished under a Reasonable Monitoring Window of
 * `window` milliseconds. Brackets that run backwards, which no verified log has, are not.
 */
export function isDistinguished(s: Span, window: number): boolean {
  return s.right - s.left >= window;
}

/** Returns the left child's span; `ts` is the timestamp of s.position. */
export function leftSpan(s: Span, ts: number): Span | undefined {
  const position = left(s.position);
  return position === undefined ? undefined : { position, left: s.left, right: ts };
}

/** Returns the right child's span in a log of n entries; `ts` is the timestamp of s.position. */
export function rightSpan(s: Span, ts: number, n: number): Span | undefined {
  const position = right(s.position, n);
  return position === undefined ? undefined : { position, left: ts, right: s.right };
}

/**
 * Returns the span of the child of s that leads to x, which must be in the subtree of s and not
 * s.position itself.
 */
export function spanToward(s: Span, x: number, ts: number, n: number): Span {
  const child = x < s.position ? leftSpan(s, ts) : rightSpan(s, ts, n);
  if (child === undefined) throw new RangeError(`entry ${x} is not below entry ${s.position}`);
  return child;
}

/** Returns the timestamp in milliseconds of the log entry at a position. */
export type Timestamps = (position: number) => number;

/**
 * Returns the distinguished entries on the path from the root to x, root first. Every ancestor
 * of a distinguished entry is distinguished, so x is distinguished exactly if it is the last of
 * them. It asks for the timestamps of the path's entries in order, and stops before x or at the
 * first entry that is not distinguished. Requires x < n and n's rightmost timestamp.
 */
export function distinguishedPath(
  x: number,
  n: number,
  rightmost: number,
  window: number,
  timestamps: Timestamps,
): number[] {
  requirePosition(x, n);
  const out: number[] = [];
  for (
    let s = rootSpan(n, rightmost);
    isDistinguished(s, window);
    s = spanToward(s, x, timestamps(s.position), n)
  ) {
    out.push(s.position);
    if (s.position === x) break;
  }
  return out;
}

/**
 * Returns the rightmost distinguished entry of a log of n entries, which always lies on the
 * frontier, undefined if there is none. Requires n > 0.
 */
export function rightmostDistinguished(
  n: number,
  window: number,
  timestamps: Timestamps,
): number | undefined {
  return distinguishedPath(n - 1, n, timestamps(n - 1), window, timestamps).at(-1);
}
