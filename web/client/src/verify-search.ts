import { Refusal } from "./errors.js";
import type { VersionKey, VersionKeys } from "./keys.js";
import * as ladder from "./ladder.js";
import type { SearchRequest } from "./requests.js";
import type { SearchResponse } from "./responses.js";
import { fixedVersion, greatestVersion, mustMonitor } from "./search.js";
import { open, type Rules, type Verified } from "./session.js";
import type { TraceStep } from "./trace.js";
import type { UpdateValue } from "./value.js";
import { commitTo, ladderKeys, refuseCommitments, verifyValue } from "./verify-keys.js";
import type { View } from "./view.js";

/** A verified value of a label. */
export interface SearchResult extends Verified {
  readonly version: number;
  readonly value: UpdateValue;
  /** The position of the search's terminal log entry. */
  readonly terminal: number;
  /**
   * The rightmost log entry that the search has shown not to have the version yet, undefined if it
   * has shown none: the version was created between that and `terminal`, or in `terminal`.
   */
  readonly lacking: number | undefined;
  /**
   * The user must monitor the label, under contact monitoring: `terminal` is to the right of every
   * distinguished entry. `observe` records that.
   */
  readonly monitor: boolean;
  /** What the response told of the label's versions. */
  readonly keys: VersionKeys;
}

/** See Verifier.search. */
export function verifySearch(
  rules: Rules,
  view: View,
  q: SearchRequest,
  p: SearchResponse,
  now: number,
): SearchResult {
  const version = q.version ?? p.version;
  if (version === undefined || (p.version === undefined) !== (q.version !== undefined)) {
    throw new Refusal("proof", "the response does not fit the request");
  }
  const trace: TraceStep[] = [];
  const keys = searchKeys(rules, q.label, version, p, trace);
  const s = open(rules, view, p.fullTreeHead, p.search, keys, trace);
  const search = q.version === undefined ? greatestVersion : fixedVersion;
  const terminal = search(s.walk, version);
  const monitor = mustMonitor(s.walk, terminal);
  verifyValue(s, q.label, version, p.value);
  const verified = s.close(now);
  const { lacking } = s.walk;
  return { ...verified, version, value: p.value, terminal, lacking, monitor, keys: s.consumer.keys };
}

/**
 * Verifies a search response's binary ladder and adds the target version's commitment, computed
 * from its opening and value.
 */
export function searchKeys(
  rules: Rules,
  label: Uint8Array,
  target: number,
  p: Pick<SearchResponse, "version" | "opening" | "value" | "binaryLadder">,
  trace: TraceStep[],
): Map<number, VersionKey> {
  const keys = ladderKeys(rules, label, ladder.base(target), p.binaryLadder, trace);
  // A greater version than the greatest cannot have a commitment; greater ones than a fixed
  // version may.
  refuseCommitments(keys, (v) => v === target || (v > target && p.version !== undefined));
  commitTo(rules, label, target, p.opening, p.value, keys, trace);
  return keys;
}
