import type { Configuration } from "./config.js";
import { Refusal, type RefusalDetail } from "./errors.js";
import * as ibst from "./ibst.js";
import * as ladder from "./ladder.js";
import type { KnownOutcome, Lookup, TraceStep } from "./trace.js";

/** Tells whether a lookup with an outcome is the last of a ladder. */
export type IsLast = (version: number, included: boolean) => boolean;

/** Where a walk gets the elements of a CombinedTreeProof from, in the order that it asks. */
export interface Source {
  /** The next element of `timestamps`, for the entry at a position. */
  timestamp(position: number): number;
  /**
   * The next element of `prefix_proofs`: lookups of the versions, in order, in the prefix tree
   * of the entry, up to the first that is the last. Also the root that they lead to.
   */
  lookup(
    position: number,
    versions: readonly number[],
    isLast: IsLast,
  ): { lookups: Lookup[]; prefixTree: Uint8Array };
}

/**
 * One execution of the protocol's algorithms, over a source. It remembers what the proof
 * already said.
 */
export class Walk {
  /** The first thing seen that contradicts what the log has signed. */
  contradiction: Refusal | undefined;
  /**
   * The first thing seen that contradicts a claim of the response which no signature covers, or
   * what the user expects. The walk goes on after both: only a signature over the root that the
   * proof leads to turns a contradiction into evidence.
   */
  rejection: Refusal | undefined;
  /** The rightmost entry that a search found not to have its target version yet. */
  lacking: number | undefined;
  /** Tells whether what an owner knows of the entry at a position was never proven. */
  claimed: (position: number) => boolean = () => false;

  private readonly timestamps = new Map<number, number>();
  private readonly positions: number[] = []; // of timestamps, ascending
  private readonly included = new Map<number, number>(); // leftmost entry, by version
  private readonly absent = new Map<number, number>(); // rightmost entry, by version

  /** A walk over the log of `size` entries. */
  constructor(
    private readonly source: Source,
    readonly config: Configuration,
    readonly size: number,
    readonly trace: TraceStep[] = [],
  ) {}

  contradict(message: string, detail?: RefusalDetail): void {
    this.contradiction ??= new Refusal("misbehaviour", message, detail);
  }

  reject(refusal: Refusal): void {
    this.rejection ??= refusal;
  }

  /** The timestamp of an entry, taken from the source the first time. */
  timestamp(position: number): number {
    const known = this.timestamps.get(position);
    if (known !== undefined) return known;
    const timestamp = this.source.timestamp(position);
    this.remember(position, timestamp);
    return timestamp;
  }

  /** Records a timestamp and holds it against its neighbours. */
  remember(position: number, timestamp: number): void {
    const found = this.positions.findIndex((p) => p >= position);
    const i = found < 0 ? this.positions.length : found;
    const at = (j: number) => this.timestamps.get(this.positions[j] ?? -1);
    // SPEC: any given timestamp is greater than or equal to all observed timestamps to its left.
    if ((at(i - 1) ?? 0) > timestamp || (at(i) ?? timestamp) < timestamp) {
      this.contradiction ??= new Refusal(
        "misbehaviour",
        `the timestamp of entry ${position} breaks the order of time`,
        "order",
      );
    }
    this.positions.splice(i, 0, position);
    this.timestamps.set(position, timestamp);
  }

  /** Where the recursion over distinguished entries starts. */
  root(): ibst.Span {
    return ibst.rootSpan(this.size, this.timestamp(this.size - 1));
  }

  distinguished(span: ibst.Span): boolean {
    return ibst.isDistinguished(span, this.config.reasonableMonitoringWindow);
  }

  /** The distinguished entries from the root toward a position. */
  distinguishedPath(position: number): number[] {
    return ibst.distinguishedPath(
      position,
      this.size,
      this.timestamp(this.size - 1),
      this.config.reasonableMonitoringWindow,
      (p) => this.timestamp(p),
    );
  }

  isDistinguished(position: number): boolean {
    return this.distinguishedPath(position).at(-1) === position;
  }

  /** The rightmost distinguished entry, if there is one. It lies on the frontier. */
  rightmostDistinguished(): number | undefined {
    return this.distinguishedPath(this.size - 1).at(-1);
  }

  /** Tells whether an entry with a timestamp has passed the maximum lifetime. */
  expired(timestamp: number): boolean {
    const lifetime = this.config.maximumLifetime;
    return lifetime !== undefined && this.timestamp(this.size - 1) - timestamp >= lifetime;
  }

  /** Brings the user from a log of `old` entries: KEYTRANS, "Updating Views of the Tree". */
  updateView(old: number): void {
    const entries = ibst
      .updateView(old, this.size)
      .map((position) => ({ position, timestamp: this.timestamp(position) }));
    this.trace.push({ step: "view", from: old, to: this.size, entries });
  }

  /**
   * Obtains lookups from an entry and remembers their outcomes. The entry's timestamp comes
   * first, because without it the user cannot compute the entry's leaf.
   */
  lookup(
    position: number,
    versions: readonly number[],
    isLast: IsLast,
    known: readonly KnownOutcome[] = [],
  ): Lookup[] {
    const timestamp = this.timestamp(position);
    const { lookups, prefixTree } = this.source.lookup(position, versions, isLast);
    for (const { version, included } of lookups) this.note(position, version, included);
    this.trace.push({ step: "lookup", position, timestamp, lookups, known, prefixTree });
    return lookups;
  }

  /** Remembers the outcome of a lookup. */
  note(position: number, version: number, included: boolean): void {
    if (included) {
      this.included.set(version, Math.min(position, this.included.get(version) ?? position));
    } else {
      this.absent.set(version, Math.max(position, this.absent.get(version) ?? position));
    }
  }

  /**
   * The outcome of a lookup that the proof already settled: an inclusion to the left, a
   * non-inclusion to the right.
   */
  private implied(position: number, version: number): boolean | undefined {
    if ((this.included.get(version) ?? position) < position) return true;
    return (this.absent.get(version) ?? position) > position ? false : undefined;
  }

  /**
   * Obtains a search binary ladder from an entry, without the lookups that the proof already
   * settled if `omit` is set. Returns how the greatest version there compares with the target:
   * KEYTRANS, "Greatest-Version Search", "Binary Ladder".
   */
  searchLadder(position: number, target: number, omit: boolean): ladder.Order {
    let order: ladder.Order | undefined;
    const ask: number[] = [];
    const known: KnownOutcome[] = [];
    for (const version of ladder.base(target)) {
      const included = omit ? this.implied(position, version) : undefined;
      if (included === undefined) {
        ask.push(version);
        continue;
      }
      known.push({ version, included });
      // Only a log that contradicts itself lets a known outcome end a ladder.
      order = ladder.step(target, version, included);
      if (order !== undefined) break;
    }
    let ended: ladder.Order | undefined;
    this.lookup(
      position,
      ask,
      (version, included) => (ended = ladder.step(target, version, included)) !== undefined,
      known,
    );
    return ended ?? order ?? "equal";
  }

  /** As searchLadder, for the greatest version that is expected, undefined for none. */
  private compareLadder(position: number, expected: number | undefined, omit: boolean): ladder.Order {
    if (expected !== undefined) return this.searchLadder(position, expected, omit);
    return this.searchLadder(position, 0, omit) === "less" ? "equal" : "greater";
  }

  /** Obtains a ladder that must show the greatest version that the response claims. */
  expectClaimed(position: number, claimed: number | undefined, omit: boolean): void {
    if (this.compareLadder(position, claimed, omit) === "equal") return;
    this.reject(new Refusal("proof", `the greatest version in entry ${position} is not ${name(claimed)}`));
  }

  /** Obtains a ladder that must show the greatest version that the owner has verified before. */
  expectKnown(position: number, known: number | undefined, omit: boolean): void {
    const order = this.compareLadder(position, known, omit);
    if (order === "equal") return;
    if (this.claimed(position)) {
      const claim = `version ${name(known)} is not the greatest in entry ${position}`;
      this.reject(new Refusal("proof", `${claim}, as a response told without proof`));
    } else if (order === "less") {
      this.contradict(`entry ${position} no longer holds version ${name(known)}`);
    } else {
      const beyond = `entry ${position} holds a version beyond the greatest known one`;
      this.reject(new Refusal("unexpected-version", `${beyond}, ${name(known)}`));
    }
  }

  /** Obtains lookups of all the versions. Returns the first that does not exist, if any. */
  firstMissing(position: number, versions: readonly number[]): number | undefined {
    return this.lookup(position, versions, () => false).find((l) => !l.included)?.version;
  }
}

/** A version in words. */
export const name = (version: number | undefined): string => String(version ?? "(none)");
