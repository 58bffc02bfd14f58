import type { Entry } from "../entry.js";
import { Refusal } from "../errors.js";
import { fullSubtrees, nodeRange } from "../logtree.js";
import { equalBytes } from "../bytes.js";
import type { Head } from "../results.js";
import { viewRoot, type View } from "../view.js";

/** The rightmost log entry of a view; undefined for one of an empty log. */
export function rightmost(view: View): Entry | undefined {
  return view.frontier.at(-1);
}

/** What a result says of the log that it rests on. Requires a view that is not empty. */
export function headOf(view: View): Head {
  const last = rightmost(view);
  if (!last) return { treeSize: 0, root: new Uint8Array(32), time: 0 };
  return { treeSize: view.head.treeSize, root: viewRoot(view), time: last.timestamp };
}

/** The size to advertise: undefined for a user who has seen nothing. */
export function lastOf(view: View): number | undefined {
  return view.head.treeSize || undefined;
}

/**
 * What two verified views, whose heads were both signed, cannot both say of one log; undefined
 * if one may be the other's past: a balanced subtree that both are built on differs.
 */
export function contradictingViews(a: View, b: View): Refusal | undefined {
  const key = (n: { lo: number; hi: number }) => `${n.lo}-${n.hi}`;
  const heads = new Map(fullSubtrees(a.head.treeSize).map((n, i) => [key(nodeRange(n)), a.subtrees[i]]));
  for (const [i, n] of fullSubtrees(b.head.treeSize).entries()) {
    const { lo, hi } = nodeRange(n);
    const [one, other] = [heads.get(key({ lo, hi })), b.subtrees[i]];
    if (!one || !other || equalBytes(one, other)) continue;
    const sizes = `a log of ${a.head.treeSize} entries and one of ${b.head.treeSize}`;
    return new Refusal("misbehaviour", `two heads were both signed, and log entries ${lo} to ${hi - 1} differ between ${sizes}`);
  }
  return undefined;
}

/** A number of things in words: "1 entry", "2 entries". */
export function countOf(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}
