import type { Entry, LogEntry } from "./entry.js";
import { logEntryHash } from "./entry.js";
import { equalBytes } from "./bytes.js";
import { Refusal } from "./errors.js";
import * as ibst from "./ibst.js";
import type { VersionKey, VersionKeys } from "./keys.js";
import { evaluate, type LogTreeResult } from "./logtree.js";
import { inclusion, type PrefixProof } from "./prefixproof.js";
import { proofRoot } from "./prefixtree.js";
import type { CombinedTreeProof } from "./proof.js";
import type { Lookup } from "./trace.js";
import type { View } from "./view.js";
import type { IsLast, Source } from "./walk.js";

/** What the rest of a proof leads to. */
export interface Consumed {
  /** The candidate for the root of the log, with the nodes that were met. */
  tree: LogTreeResult;
  /** The entries whose timestamps came with the proof, ascending. */
  entries: Entry[];
}

/**
 * The source of a user: takes elements out of a CombinedTreeProof, and refuses with "proof" one
 * that has too few or too many, or whose parts do not fit together. Nothing follows from that,
 * neither about the label nor about the log's honesty.
 */
export class Consumer implements Source {
  /** Of the label; those that are shown in the log become proven. */
  readonly keys: Map<number, VersionKey>;

  private timestamps = 0; // how many have been consumed
  private prefixProofs = 0;
  private readonly retained = new Map<number, LogEntry>();
  private readonly given = new Map<number, number>(); // timestamps taken from the proof
  private readonly roots = new Map<number, Uint8Array>();

  constructor(
    private readonly view: View,
    private readonly proof: CombinedTreeProof,
    keys: VersionKeys,
  ) {
    this.keys = new Map(keys);
    for (const e of view.frontier) this.retained.set(e.position, e);
  }

  timestamp(position: number): number {
    const timestamp = this.proof.timestamps[this.timestamps];
    if (timestamp === undefined) throw new Refusal("proof", "too few timestamps");
    this.timestamps++;
    this.given.set(position, timestamp);
    return timestamp;
  }

  lookup(position: number, versions: readonly number[], isLast: IsLast) {
    const proof = this.proof.prefixProofs[this.prefixProofs];
    if (!proof) throw new Refusal("proof", "too few prefix proofs");
    this.prefixProofs++;
    const lookups: Lookup[] = [];
    const searchKeys: Uint8Array[] = [];
    const commitments: (Uint8Array | undefined)[] = [];
    for (const version of versions) {
      const result = proof.results[lookups.length];
      if (!result) throw new Refusal("proof", `too few lookups in entry ${position}`);
      const included = result.type === inclusion;
      const key = this.lookUp(version, included);
      lookups.push({ version, included, depth: result.depth });
      searchKeys.push(key.searchKey);
      commitments.push(included ? key.commitment : undefined);
      if (isLast(version, included)) break;
    }
    if (lookups.length !== proof.results.length) {
      throw new Refusal("proof", `too many lookups in entry ${position}`);
    }
    return { lookups, prefixTree: this.prefixTree(position, proof, searchKeys, commitments) };
  }

  /** What is known of a version for a lookup with an outcome. */
  private lookUp(version: number, included: boolean): VersionKey {
    const key = this.keys.get(version);
    if (!key) throw new Refusal("proof", `the search key of version ${version} is not known`);
    if (!included) return key;
    if (!key.commitment) throw new Refusal("proof", `the commitment to version ${version} is not known`);
    this.keys.set(version, { ...key, proven: true });
    return key;
  }

  /** Records the prefix tree root that a proof for an entry leads to. */
  private prefixTree(
    position: number,
    proof: PrefixProof,
    searchKeys: Uint8Array[],
    commitments: (Uint8Array | undefined)[],
  ): Uint8Array {
    const root = proofRoot(proof, searchKeys, commitments);
    // SPEC: If multiple proofs are consumed for the same log entry, users MUST verify that they all produce
    // the same root hash. If the log entry is one whose data the user retained, users MUST verify that the
    // produced root hash matches their retained prefix tree root hash.
    const want = this.retained.get(position)?.prefixTree ?? this.roots.get(position);
    if (want && !equalBytes(root, want)) {
      throw new Refusal("proof", `two prefix tree roots for log entry ${position}`);
    }
    this.roots.set(position, root);
    return root;
  }

  /** Tells whether every prefix proof has been consumed. */
  get exhausted(): boolean {
    return this.prefixProofs >= this.proof.prefixProofs.length;
  }

  /** Consumes the rest of the proof of a log, in which the roots of `earlier` sizes follow, too. */
  finish(size: number, earlier: number[]): Consumed {
    if (this.timestamps < this.proof.timestamps.length) throw new Refusal("proof", "too many timestamps");
    if (!this.exhausted) throw new Refusal("proof", "too many prefix proofs");
    const entries = this.entries();
    const leaves = entries.map((e) => ({ position: e.position, value: logEntryHash(e) }));
    const { head, subtrees } = this.view;
    const tree = evaluate(size, head.treeSize, subtrees, leaves, this.proof.inclusion, earlier);
    return { tree, entries };
  }

  /** The log entries whose timestamps came with the proof, with the roots that came with it. */
  private entries(): Entry[] {
    let used = 0;
    const roots = this.proof.prefixRoots;
    const entries = [...this.given]
      .sort(([a], [b]) => a - b)
      .map(([position, timestamp]) => {
        const prefixTree = this.roots.get(position) ?? roots[used++];
        if (!prefixTree) throw new Refusal("proof", "too few prefix tree roots");
        return { position, timestamp, prefixTree };
      });
    if (used < roots.length) throw new Refusal("proof", "too many prefix tree roots");
    return entries;
  }

  /** The frontier of a log out of what the user retained and what the proof proved. */
  frontier(size: number, proven: readonly Entry[]): Entry[] {
    const known = new Map(this.retained);
    for (const e of proven) known.set(e.position, e);
    return ibst.frontier(size).map((position) => {
      const e = known.get(position);
      if (!e) throw new Refusal("proof", `frontier entry ${position} was not proven`);
      return { position, timestamp: e.timestamp, prefixTree: e.prefixTree };
    });
  }
}
