import { thirdPartyAuditing, type Configuration } from "./config.js";
import { Consumer } from "./consumer.js";
import type { Entry } from "./entry.js";
import { Refusal } from "./errors.js";
import { maxLogSize } from "./ibst.js";
import { verifyAuditor } from "./auditor-head.js";
import { equalBytes } from "./bytes.js";
import type { FullTreeHead } from "./head.js";
import type { VersionKeys } from "./keys.js";
import * as logtree from "./logtree.js";
import type { CombinedTreeProof } from "./proof.js";
import { verifyTreeHead } from "./signature.js";
import type { TraceStep } from "./trace.js";
import { checkView, rightmostEntry, viewRoot, type View } from "./view.js";
import type { VrfPublicKey } from "./vrf/index.js";
import { Walk } from "./walk.js";

/** What a Verifier verifies with. */
export interface Rules {
  readonly config: Configuration;
  readonly vrf: VrfPublicKey;
  /** Accepts whatever auditor's head comes with the log's own. */
  readonly unaudited?: boolean;
  /** Accepts heads of any time. */
  readonly timeless?: boolean;
}

/** What every verified response establishes. */
export interface Verified {
  /** What the user retains from now on. */
  readonly view: View;
  /** The log entries, ascending, that the proof relied on and the user had not retained. */
  readonly entries: readonly Entry[];
  /** How it was verified, step by step. */
  readonly trace: readonly TraceStep[];
  /** The nodes of the log tree that the proof leads to. */
  readonly tree: logtree.LogTreeResult;
  /**
   * A proof that the log of `view` has the entry at a position: the values of
   * logtree.proof(size, 0, [position]). It exists for `entries`.
   */
  inclusion(position: number): Uint8Array[] | undefined;
}

/** The verification of one response. */
export class Session {
  readonly walk: Walk;
  readonly consumer: Consumer;

  /** A session for a view, and a head for `size` entries, that have been checked. */
  constructor(
    readonly rules: Rules,
    readonly view: View,
    readonly head: FullTreeHead,
    size: number,
    readonly proof: CombinedTreeProof,
    keys: VersionKeys,
    trace: TraceStep[] = [],
    /**
     * The view whose root the proof must lead to if the head is not a new one: the user's, unless
     * the proof is about another log that the user knows.
     */
    readonly known: View = view,
  ) {
    this.consumer = new Consumer(view, proof, keys);
    this.walk = new Walk(this.consumer, rules.config, size, trace);
    for (const e of view.frontier) this.walk.remember(e.position, e.timestamp);
  }

  /**
   * Ends the verification: the candidate root must be the retained one or signed, and the head
   * of this time, `now` in ms.
   */
  close(now: number): Verified {
    const v = this.conclude();
    const { timestamp } = rightmostEntry(v.view);
    verifyAuditor(this, v.tree, timestamp);
    this.checkTime(timestamp, now);
    return v;
  }

  /** As close, for a log that need not be of this time, nor audited. */
  conclude(): Verified {
    const { walk, consumer, head, known } = this;
    const auditor = head.auditorTreeHead;
    const { tree, entries } = consumer.finish(walk.size, auditor ? [auditor.treeSize] : []);
    this.verifyRoot(tree.root);
    const fault = walk.contradiction ?? walk.rejection;
    if (fault) throw fault;
    const { auditorTreeHead } = head.treeHead ? head : known;
    const view: View = {
      head: head.treeHead ?? known.head,
      subtrees: tree.heads,
      frontier: consumer.frontier(walk.size, entries),
      ...(auditorTreeHead && { auditorTreeHead }),
    };
    this.traceHead(tree.root, entries, view);
    return { view, entries, trace: walk.trace, tree, inclusion: (p) => nodeValues(tree, walk.size, 0, [p]) };
  }

  private verifyRoot(root: Uint8Array): void {
    if (this.head.treeHead) {
      verifyTreeHead(this.rules.config, this.head.treeHead, root);
    } else if (!equalBytes(root, viewRoot(this.known))) {
      throw new Refusal("proof", "the proof does not lead to the retained root");
    }
  }

  private traceHead(root: Uint8Array, entries: readonly Entry[], view: View): void {
    const { trace, size } = this.walk;
    trace.push(
      {
        step: "log",
        size,
        root,
        entries: entries.map((e) => e.position),
        elements: this.proof.inclusion.length,
      },
      {
        step: "head",
        size,
        updated: this.head.treeHead !== undefined,
        signaturePublicKey: this.rules.config.signaturePublicKey,
        timestamp: rightmostEntry(view).timestamp,
      },
    );
  }

  /** Holds the rightmost entry's timestamp against the user's clock. */
  private checkTime(timestamp: number, now: number): void {
    const { maxAhead, maxBehind } = this.rules.config;
    const ahead = timestamp - Math.max(now, 0);
    if (this.rules.timeless || (ahead <= maxAhead && -ahead <= maxBehind)) return;
    if (ahead > 0) throw new Refusal("time", `the tree head is ${ahead} ms ahead of this clock`);
    throw new Refusal("time", `the tree head is ${-ahead} ms behind this clock`, "behind");
  }
}

/**
 * The values of the nodes that prove leaves in a log of `size` entries to whoever has the log of
 * `old`; undefined if the tree lacks one.
 */
export function nodeValues(
  tree: logtree.LogTreeResult,
  size: number,
  old: number,
  leaves: readonly number[],
): Uint8Array[] | undefined {
  const out: Uint8Array[] = [];
  for (const node of logtree.proof(size, old, leaves)) {
    const value = tree.value(node);
    if (!value) return undefined;
    out.push(value);
  }
  return out;
}

/** Starts the verification of a response and updates the user's view. */
export function open(
  rules: Rules,
  view: View,
  head: FullTreeHead,
  proof: CombinedTreeProof,
  keys: VersionKeys,
  trace: TraceStep[] = [],
): Session {
  checkView(view);
  const old = view.head.treeSize;
  if (head.treeHead) checkNewSize(old, head.treeHead.treeSize);
  else if (old === 0) throw new Refusal("proof", "the same head for a user who has none");
  const size = head.treeHead?.treeSize ?? old;
  checkAuditorSize(rules, head, size);
  const s = new Session(rules, view, head, size, proof, keys, trace);
  s.walk.updateView(old);
  return s;
}

/** Checks that a log of `size` entries can be newer than one of `old`. */
export function checkNewSize(old: number, size: number): void {
  if (size <= old || size > maxLogSize)
    throw new Refusal("proof", `a head of ${size} entries after one of ${old}`);
}

function checkAuditorSize(rules: Rules, head: FullTreeHead, size: number): void {
  if (rules.config.mode !== thirdPartyAuditing || !head.treeHead) return;
  const audited = head.auditorTreeHead?.treeSize ?? 0;
  // SPEC: Verify that tree_size is less than or equal to that of the TreeHead provided by the
  // Transparency Log.
  if (audited === 0 || audited > size) {
    throw new Refusal("auditor", `the auditor's head is not of the ${size} entries of this log`);
  }
}
