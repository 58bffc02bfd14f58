import { recentDistinguished } from "./distinguished.js";
import { Refusal } from "./errors.js";
import type { DistinguishedHead } from "./heads.js";
import type { DistinguishedRequest } from "./requests.js";
import type { DistinguishedResponse } from "./responses.js";
import { open, type Rules, type Session, type Verified } from "./session.js";
import { checkView, viewRoot, viewsContradict, type View } from "./view.js";

/**
 * What a user retains of the recent distinguished log entries, from left to right: the view of the
 * log that ends with each. They are not signed: their head has the size only, which is one more
 * than the entry's position. What vouches for them is the signed head of the log in which they
 * were proven.
 */
export type Recent = readonly View[];

/** A verified list of recent distinguished entries. */
export interface DistinguishedResult extends Verified {
  /** Positions of the recent distinguished log entries, from right to left. */
  readonly positions: readonly number[];
  /** The log at each of the positions, from left to right. */
  readonly recent: Recent;
}

/** See Verifier.distinguished. */
export function verifyDistinguished(
  rules: Rules,
  view: View,
  q: DistinguishedRequest,
  p: DistinguishedResponse,
  now: number,
): DistinguishedResult {
  const s = open(rules, view, p.fullTreeHead, p.distinguished, new Map());
  const positions = recentDistinguished(s.walk, q.stop);
  const verified = s.close(now);
  const recent = positions.map((position) => viewAt(s, position, verified)).reverse();
  return { ...verified, positions, recent };
}

/**
 * The view of the log that ends with an entry which the walk over the distinguished entries came
 * by. Its frontier is that entry and its ancestors to the left: they are distinguished, too, so
 * the walk came by them.
 */
function viewAt(s: Session, position: number, v: Verified): View {
  const treeSize = position + 1;
  const subtrees = v.tree.subtrees(treeSize);
  if (!subtrees) throw new Refusal("proof", `the root at entry ${position} does not follow from the proof`);
  const frontier = s.consumer.frontier(treeSize, v.entries);
  return { head: { treeSize, signature: new Uint8Array() }, subtrees, frontier };
}

/**
 * The view of the log that ends with the entry at a position, undefined if that is not one of the
 * recent distinguished entries.
 */
export const recentAt = (recent: Recent, position: number): View | undefined =>
  recent.find((v) => v.head.treeSize === position + 1);

/** The roots at the recent distinguished entries: KEYTRANS, "Detecting Forks". */
export const distinguishedHead = (recent: Recent): DistinguishedHead => ({ heads: recent.map(viewRoot) });

/**
 * Checks that what was read from storage has the parts that it must have, and that it belongs to
 * the past of the user's view as far as the two have nodes in common: damage must not turn an
 * honest log into a culprit. Throws a RangeError.
 */
export function checkRecent(recent: Recent, view: View): void {
  let before = 0;
  for (const v of recent) {
    checkView(v);
    const { treeSize } = v.head;
    const fault = treeSize <= before || treeSize > view.head.treeSize || viewsContradict(v, view);
    if (fault)
      throw new RangeError(`recent distinguished heads: a log of ${treeSize} entries is out of place`);
    before = treeSize;
  }
}
