import { equalBytes } from "../bytes.js";
import { openCheckpoint } from "../checkpoint.js";
import { parseConfiguration, type Configuration } from "../config.js";
import { logEntryHash, logEntrySize, parseLogEntry } from "../entry.js";
import * as ibst from "../ibst.js";
import * as logtree from "../logtree.js";
import { hashChildren, hashLeaf } from "../rfc6962.js";
import { verifyTreeHead } from "../signature.js";
import type { Evidence, Trees } from "./format.js";
import { refuse } from "./log.js";
import { rules, type Finding } from "./proof.js";
import { logPolicy } from "./publiclog.js";

/** How many log entries the evidence has at most. */
const maxTreesEntries = 1 << 16;

/** Verifies a signed head and a signed checkpoint of other log entries. */
export function verifyTrees(e: Evidence): Finding {
  const config = parseConfiguration(e.configuration);
  const t = e.trees ?? refuse("it has no head");
  const signed = openCheckpoint(logPolicy(e.log), t.checkpoint);
  verifyTreeHead(config, t.head, t.head.root);
  const subtrees = checkBase(config, t);
  const [lo, hi] = [t.base?.treeSize ?? 0, t.head.treeSize];
  const isWhole = lo < hi && hi <= signed.size && hi - lo <= maxTreesEntries;
  if (!isWhole || t.entries.length !== (hi - lo) * logEntrySize) {
    refuse(`it does not have the log entries from ${lo} to ${hi} of a checkpoint of ${signed.size}`);
  }
  const { leaves, root } = replay(t, lo, subtrees);
  if (!equalBytes(publicRoot(t, lo, hi, signed.size, leaves), signed.root)) {
    refuse("the log entries are not those of the checkpoint");
  }
  if (equalBytes(root, t.head.root)) refuse("the head is of the very log entries of the checkpoint");
  const found = `the directory signed a head of ${hi} entries that are not the first ones of its public log of ${signed.size}`;
  return { rule: rules.oneHistory, found };
}

/** Returns the full subtrees of the base, which its signature covers. */
function checkBase(config: Configuration, { base }: Trees): Uint8Array[] {
  if (base === undefined) return [];
  const { treeSize, fullSubtrees, root } = base;
  if (treeSize === 0 || treeSize > ibst.maxLogSize) refuse("the base has no size of a log");
  if (!equalBytes(logtree.root(treeSize, fullSubtrees), root)) {
    refuse("the base's subtrees do not lead to its root");
  }
  verifyTreeHead(config, base, root);
  return fullSubtrees;
}

/** Returns the leaves of RFC 6962 of the entries, and the root of the log tree that they lead to. */
function replay(t: Trees, lo: number, subtrees: Uint8Array[]): { leaves: Uint8Array[]; root: Uint8Array } {
  const leaves: Uint8Array[] = [];
  let heads = subtrees;
  for (let at = 0; at < t.entries.length; at += logEntrySize) {
    const encoded = t.entries.subarray(at, at + logEntrySize);
    heads = logtree.append(lo + leaves.length, heads, logEntryHash(parseLogEntry(encoded)));
    leaves.push(hashLeaf(encoded));
  }
  return { leaves, root: logtree.root(lo + leaves.length, heads) };
}

/**
 * Returns the root of the tree of RFC 6962 over size leaves that has the leaves from lo to hi,
 * with the roots of what is before and after them.
 */
function publicRoot(t: Trees, lo: number, hi: number, size: number, leaves: Uint8Array[]): Uint8Array {
  const [before, after] = [t.before.values(), t.after.values()];
  const take = (list: Iterator<Uint8Array>): Uint8Array => {
    const next = list.next();
    return next.done === true ? refuse("it lacks a hash on the path of its log entries") : next.value;
  };
  // The tree has at most 53 levels.
  const node = (a: number, b: number): Uint8Array => {
    if (b <= lo) return take(before);
    if (a >= hi) return take(after);
    if (b - a === 1) return leaves[a - lo] ?? refuse("a leaf is missing");
    let half = 1;
    while (2 * half < b - a) half *= 2;
    const left = node(a, a + half);
    return hashChildren(left, node(a + half, b));
  };
  const root = node(0, size);
  if (before.next().done !== true || after.next().done !== true) {
    refuse("it has more hashes than the path of its log entries");
  }
  return root;
}
