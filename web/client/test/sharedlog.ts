// The logs behind the shared vectors of whole responses, and the users who receive these.
import assert from "node:assert/strict";

import {
  decodeHex,
  emptyView,
  encodeHex,
  encodePrefixProof,
  ibst,
  logtree,
  Verifier,
  type CombinedTreeProof,
  type Configuration,
  type DeploymentMode,
  type FullTreeHead,
  type VersionKeys,
  type View,
} from "../src/index.js";
import type { Consumed } from "../src/consumer.js";
import { Session } from "../src/session.js";
import { parseVrfPublicKey } from "../src/vrf/index.js";
import { hexes } from "./vectors.js";

/** The part of a case's input that describes a log and a user. */
export interface SharedLog {
  entry_timestamps: number[];
  label: string;
  last?: number;
  max_ahead?: number;
  max_behind?: number;
  maximum_lifetime?: number;
  monitoring_window: number;
  mode: DeploymentMode;
  mutations: { add: { label: string; value: string }[] }[];
  signature_public_key: string;
  vrf_public_key: string;
}

/** Where a file leaves out max_ahead and max_behind, they are as in others: the signatures tell. */
const others = 10000;

export function configuration(l: SharedLog): Configuration {
  return {
    suite: 2,
    mode: l.mode,
    signaturePublicKey: decodeHex(l.signature_public_key),
    vrfPublicKey: decodeHex(l.vrf_public_key),
    maxAhead: l.max_ahead ?? others,
    maxBehind: l.max_behind ?? others,
    reasonableMonitoringWindow: l.monitoring_window,
    ...(l.maximum_lifetime && { maximumLifetime: l.maximum_lifetime }),
  };
}

export const verifier = (l: SharedLog): Verifier => new Verifier(configuration(l));

export const now = (l: SharedLog): number => l.entry_timestamps.at(-1) ?? 0;

/** The values of the label's versions. */
export const values = (l: SharedLog): string[] =>
  l.mutations.flatMap((m) => m.add.filter((a) => a.label === l.label).map((a) => a.value));

/** The entries that created the label's versions. */
export const inserted = (l: SharedLog): number[] =>
  l.mutations.flatMap((m, position) => m.add.filter((a) => a.label === l.label).map(() => position));

/**
 * What is known of the user's view: neither the prefix tree roots of its frontier, with which then
 * nothing is compared, nor its subtree heads, unless they are given.
 */
export function sharedView(l: SharedLog, subtrees?: Uint8Array[]): View {
  if (l.last === undefined) return emptyView;
  const unknown = undefined as unknown as Uint8Array;
  return {
    head: { treeSize: l.last, signature: new Uint8Array() },
    subtrees: subtrees ?? logtree.fullSubtrees(l.last).map(() => new Uint8Array(32)),
    frontier: ibst.frontier(l.last).map((position) => ({
      position,
      timestamp: l.entry_timestamps[position] ?? 0,
      prefixTree: unknown,
    })),
  };
}

/** Starts the verification of a response for a user of that view, which has yet to be updated. */
export function begin(
  l: SharedLog,
  head: FullTreeHead,
  proof: CombinedTreeProof,
  keys: VersionKeys,
  view = sharedView(l),
): Session {
  const config = configuration(l);
  const rules = { config, vrf: parseVrfPublicKey(config.suite, config.vrfPublicKey) };
  return new Session(rules, view, head, head.treeHead?.treeSize ?? 0, proof, keys);
}

/** Consumes the rest of the proof. */
export function finish(s: Session): Consumed {
  const consumed = s.consumer.finish(s.walk.size, []);
  assert.equal(s.walk.contradiction, undefined);
  assert.equal(s.walk.rejection, undefined);
  return consumed;
}

/** What a vector says that the parts of a CombinedTreeProof are. */
export interface SharedProof {
  timestamps?: number[];
  prefix_proofs?: { encoding: string }[];
  prefix_roots?: string[];
  inclusion?: string[];
}

/** Compares a decoded proof with what the vector says. */
export function checkProof(want: SharedProof, got: CombinedTreeProof): void {
  assert.deepEqual(got.timestamps, want.timestamps ?? []);
  assert.deepEqual(got.prefixRoots, hexes(want.prefix_roots));
  assert.deepEqual(got.inclusion, hexes(want.inclusion));
  assert.deepEqual(
    got.prefixProofs.map((p) => encodeHex(encodePrefixProof(p))),
    (want.prefix_proofs ?? []).map((p) => p.encoding),
  );
}

/** What a vector says that a user knows of a version of a label. */
export interface SharedKey {
  version: number;
  vrf_output: string;
  commitment?: string;
}

export const sharedKeys = (keys: readonly SharedKey[]): VersionKeys =>
  new Map(
    keys.map((k) => [
      k.version,
      {
        searchKey: decodeHex(k.vrf_output),
        commitment: k.commitment === undefined ? undefined : decodeHex(k.commitment),
        proven: k.commitment !== undefined,
      },
    ]),
  );
