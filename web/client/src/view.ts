import { equalBytes } from "./bytes.js";
import type { Entry } from "./entry.js";
import type { AuditorTreeHead, TreeHead } from "./head.js";
import * as ibst from "./ibst.js";
import * as logtree from "./logtree.js";

/**
 * What a user retains of the last tree head it verified: KEYTRANS, "Updating Views of the
 * Tree". A View is never modified.
 */
export interface View {
  /** `head.treeSize` is the size of the log. */
  head: TreeHead;
  /** The heads of logtree.fullSubtrees, left to right. */
  subtrees: Uint8Array[];
  /** The entries of ibst.frontier, left to right. */
  frontier: Entry[];
  /** The auditor's head that came with `head`, if any. */
  auditorTreeHead?: AuditorTreeHead;
}

/** The view of a user who has seen nothing. */
export const emptyView: View = Object.freeze({
  head: Object.freeze({ treeSize: 0, signature: new Uint8Array() }),
  subtrees: [],
  frontier: [],
});

/** What a request advertises of a view: nothing, or the size of the log. */
export const lastSize = (view: View): number | undefined => view.head.treeSize || undefined;

/** Root of the log. Requires a view that is not empty. */
export const viewRoot = (view: View): Uint8Array => logtree.root(view.head.treeSize, view.subtrees);

/** The rightmost log entry. Requires a view that is not empty. */
export function rightmostEntry(view: View): Entry {
  const entry = view.frontier.at(-1);
  if (!entry) throw new RangeError("the view of an empty log has no entries");
  return entry;
}

/**
 * Checks that a view read from storage has the parts that its size requires, so that nothing
 * later has to. Throws a RangeError: the damage is on this side.
 */
export function checkView(view: View): void {
  const size = view.head.treeSize;
  const fits =
    size <= ibst.maxLogSize &&
    view.subtrees.length === logtree.fullSubtrees(size).length &&
    ibst.frontier(size).join() === view.frontier.map((e) => e.position).join();
  if (!fits) throw new RangeError(`retained view: its parts do not fit a log of ${size} entries`);
}

/**
 * Says what two views cannot both say of one log: that a balanced subtree which both are built
 * on has another head in each. Undefined if one may be the other's past. Requires views that a
 * Verifier returned.
 *
 * Frontier entries need no comparison of their own: each is the last leaf of a full subtree,
 * whose head covers it.
 */
export function viewsContradict(a: View, b: View): string | undefined {
  const nodes = logtree.fullSubtrees(a.head.treeSize);
  return nodesContradict(b, a.head.treeSize, (node) => {
    const i = nodes.findIndex((n) => n.level === node.level && n.index === node.index);
    return a.subtrees[i];
  });
}

/** As viewsContradict, for a view and the nodes that are known of a log of `size` entries. */
export function nodesContradict(
  view: View,
  size: number,
  value: (node: logtree.Node) => Uint8Array | undefined,
): string | undefined {
  for (const [i, node] of logtree.fullSubtrees(view.head.treeSize).entries()) {
    const head = view.subtrees[i];
    const other = value(node);
    if (!head || !other || equalBytes(head, other)) continue;
    const { lo, hi } = logtree.nodeRange(node);
    return `log entries ${lo} to ${hi - 1} differ between a log of ${size} entries and one of ${view.head.treeSize}`;
  }
  return undefined;
}
