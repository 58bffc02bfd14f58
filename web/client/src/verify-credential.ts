import { contactMonitoring } from "./config.js";
import {
  standardCredential,
  type Credential,
  type CredentialUpdate,
  type CredentialUpdateRequest,
} from "./credentialformat.js";
import type { Entry } from "./entry.js";
import { Refusal } from "./errors.js";
import type { VersionKeys } from "./keys.js";
import { contactMonitor } from "./monitor.js";
import { greatestVersion } from "./search.js";
import { checkNewSize, Session, type Rules, type Verified } from "./session.js";
import type { TraceStep } from "./trace.js";
import type { UpdateValue } from "./value.js";
import { recentAt, type Recent } from "./verify-distinguished.js";
import { verifyValue } from "./verify-keys.js";
import { searchKeys } from "./verify-search.js";
import { checkView, nodesContradict, type View } from "./view.js";

/** A verified credential. */
export interface CredentialResult {
  readonly label: Uint8Array;
  readonly version: number;
  readonly value: UpdateValue;
  /** The commitment to `value` that was proven. */
  readonly commitment: Uint8Array;
  readonly trace: readonly TraceStep[];
  /**
   * Undefined if the credential is a standard one. If not, the credential is verified initially,
   * and this is what it takes to verify it finally.
   */
  readonly provisional: Provisional | undefined;
}

/**
 * What a provisional credential that was verified initially says of the log. It belongs to that
 * credential alone: nothing else is to be verified against it.
 */
export interface Provisional {
  /** What was verified; its view is the log under the credential's tree head. */
  readonly verified: Verified;
  /** The terminal log entry of the credential's search. */
  readonly terminal: Entry;
  /** The greatest version in it. */
  readonly version: number;
  /** What the credential told of the label's versions. */
  readonly keys: VersionKeys;
}

/** See Verifier.credential. */
export function verifyCredential(rules: Rules, recent: Recent, c: Credential): CredentialResult {
  // SPEC: implementations MUST NOT use a verification failure at this point as a prompt to
  // request updates from the Transparency Log.
  const view = recentAt(recent, c.position);
  if (!view) throw new Refusal("not-recent", `no recent distinguished entry is known at ${c.position}`);
  checkView(view);
  const trace: TraceStep[] = [];
  const { label, version, value } = c;
  const keys = searchKeys(rules, label, version, c, trace);
  const commitment = keys.get(version)?.commitment ?? new Uint8Array();
  const provisional =
    c.type === standardCredential
      ? verifyStandard(rules, view, c, keys, trace)
      : verifyProvisional(rules, view, c, keys, trace);
  return { label, version, value, commitment, trace, provisional };
}

type Standard = Extract<Credential, { type: typeof standardCredential }>;

/**
 * Verifies that the entry at a standard credential's position, in the log that ends with it, has
 * the credential's version as the greatest.
 */
function verifyStandard(
  rules: Rules,
  view: View,
  c: Standard,
  keys: VersionKeys,
  trace: TraceStep[],
): undefined {
  const proof = { timestamps: [], prefixProofs: [c.distinguished], prefixRoots: [], inclusion: [] };
  const s = new Session(rules, view, {}, view.head.treeSize, proof, keys, trace);
  s.walk.expectClaimed(c.position, c.version, false);
  verifyValue(s, c.label, c.version, c.value);
  s.conclude();
}

/** Verifies a provisional credential initially. */
function verifyProvisional(
  rules: Rules,
  view: View,
  c: Exclude<Credential, Standard>,
  keys: VersionKeys,
  trace: TraceStep[],
): Provisional {
  const { treeHead, version } = c;
  checkNewSize(view.head.treeSize, treeHead.treeSize);
  const s = new Session(rules, view, { treeHead }, treeHead.treeSize, c.search, keys, trace);
  s.walk.updateView(view.head.treeSize);
  const terminal = greatestVersion(s.walk, version);
  if (terminal <= c.position) {
    s.walk.reject(new Refusal("proof", "a standard credential could have been made in place of this one"));
  }
  verifyValue(s, c.label, version, c.value);
  const verified = s.conclude();
  const entry = verified.entries.find((e) => e.position === terminal);
  if (!entry) throw new Refusal("proof", `terminal entry ${terminal} was not proven`);
  return { verified, terminal: entry, version, keys: s.consumer.keys };
}

/**
 * Says what a credential and one of the user's views cannot both say of one log, undefined if
 * there is nothing: both are under the log's signature. Requires a view that a Verifier returned.
 */
export const provisionalContradicts = (p: Provisional, view: View): string | undefined =>
  nodesContradict(view, p.verified.view.head.treeSize, (node) => p.verified.tree.value(node));

/**
 * Verifies a provisional credential finally by the first of the two ways: its terminal entry has
 * become distinguished. False if that has not happened as far as the user knows. Throws a Refusal
 * "misbehaviour" if the credential and the retained heads are of two logs.
 */
export function isFinal(p: Provisional, recent: Recent): boolean {
  for (const view of recent) {
    checkView(view);
    const fault = provisionalContradicts(p, view);
    if (fault) throw new Refusal("misbehaviour", `the credential is of another log: ${fault}`);
  }
  // SPEC: compute the prefix tree root value of the terminal log entry. Verify that this matches
  // the user's retained state. A log that ends with a proven entry has no subtree that the proof
  // does not lead to, so that is done.
  return recentAt(recent, p.terminal.position) !== undefined;
}

/**
 * The request for the credential's update, for a user who retains `recent`. Throws a Refusal
 * "not-recent" if there is no distinguished entry yet that the update could lead to.
 */
export function credentialUpdateRequest(
  p: Provisional,
  label: Uint8Array,
  recent: Recent,
): CredentialUpdateRequest {
  const view = recent.find((v) => canReach(p, v));
  if (!view) throw notReached(p);
  const terminal = { position: p.terminal.position, version: p.version };
  const { treeSize } = p.verified.view.head;
  return { label, treeSize, terminal, distinguished: view.head.treeSize - 1 };
}

/**
 * Tells whether an update can lead to the distinguished entry that a log ends with. While the
 * terminal entry is not distinguished, all of the distinguished ones to its right are beyond the
 * credential's log.
 */
const canReach = (p: Provisional, view: View): boolean =>
  view.head.treeSize >= p.verified.view.head.treeSize && view.head.treeSize > p.terminal.position + 1;

const notReached = (p: Provisional): Refusal =>
  new Refusal(
    "not-recent",
    `no recent distinguished entry is known at or after ${p.verified.view.head.treeSize - 1}`,
  );

/** See Verifier.credentialUpdate. */
export function verifyCredentialUpdate(
  rules: Rules,
  p: Provisional,
  recent: Recent,
  u: CredentialUpdate,
): number {
  let first: Refusal | undefined;
  for (const view of recent.filter((v) => canReach(p, v))) {
    try {
      extendCredential(rules, p, view, u);
      return view.head.treeSize - 1;
    } catch (e) {
      if (!(e instanceof Refusal) || e.kind === "misbehaviour") throw e;
      first ??= e;
    }
  }
  throw first ?? notReached(p);
}

/** Verifies that an update leads from a credential's log to a log that the user knows. */
function extendCredential(rules: Rules, p: Provisional, known: View, u: CredentialUpdate): void {
  checkView(known);
  const { view } = p.verified;
  const s = new Session(rules, view, {}, known.head.treeSize, u.monitor, p.keys, [], known);
  s.walk.updateView(view.head.treeSize);
  if (rules.config.mode === contactMonitoring) {
    // Monitoring ends in a distinguished entry, or on the frontier of the known log. All of that is
    // distinguished in the log that the user knows, although the log that ends here may not show
    // it yet: these entries are the last one, which is, and those above it in the search tree.
    contactMonitor(s.walk, [{ position: p.terminal.position, version: p.version }]);
  }
  s.conclude();
}
