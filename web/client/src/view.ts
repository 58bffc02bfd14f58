import type { Entry } from "./entry.js";
import type { AuditorTreeHead, TreeHead } from "./head.js";

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
