import type { State as AccountState, Status } from "../account/index.js";
import type { Entry } from "../entry.js";
import type { TreeHead } from "../head.js";
import { type Contact, emptyContact } from "../contact.js";
import type { Owner } from "../owner.js";
import type { AccountStatus } from "../results.js";
import type { View } from "../view.js";

/**
 * Everything that is retained of one directory. Once it is stored it is not modified:
 * changes are made to a clone, in which what changes is replaced. Times are in
 * milliseconds.
 */
export interface State {
  readonly directory: string;
  /** The pinned Configuration, encoded. */
  readonly configuration: Uint8Array;
  readonly trustedAt: number;
  view: View;
  /** What proves the entries of the view's frontier to others, by position. */
  proofs: Proofs;
  /** The views of the recent distinguished heads, from left to right, as of when they were asked for. */
  recent: readonly View[];
  contacts: Map<string, RetainedContact>;
  owners: Map<string, RetainedOwner>;
  /** What is retained under the witness policy. */
  witness: Witnessing | undefined;
}

/** That a signed head covers a log entry: the path is that of a proof for the entry alone. */
export interface EntryProof {
  readonly head: TreeHead;
  readonly path: readonly Uint8Array[];
}

/** Proofs of log entries by position. The map is not modified. */
export type Proofs = ReadonlyMap<number, EntryProof>;

/** A verified value of a label. */
export interface SeenValue {
  readonly version: number;
  readonly commitment: Uint8Array;
  readonly sha256: Uint8Array;
  /** Undefined if it is too large to be retained. */
  readonly value: Uint8Array | undefined;
  readonly at: number;
}

/** What is retained of a label that was looked up. */
export interface RetainedContact {
  readonly monitor: Contact;
  /** The greatest version that was seen, if any was. */
  readonly seen: SeenValue | undefined;
  /** What is known of the label's account key, or that it has none. */
  readonly account: Standing | undefined;
}

/** What the versions of a label up to one amount to, and what that one is. */
export interface Standing extends AccountState {
  readonly status: Status;
}

/** What is retained of a label that its user owns. */
export interface RetainedOwner {
  readonly monitor: Owner;
  /** Every version from before the label was taken over has been processed. */
  readonly ready: boolean;
  /** The greatest version that existed then: up to it, versions are accepted. */
  readonly since: number | undefined;
  /** Versions that the owner accepted: the SHA-256 of each value, in hexadecimal. */
  readonly accepted: ReadonlyMap<number, string>;
  /** Ascending by version. */
  readonly unexpected: readonly RetainedUnexpected[];
  /** The value of the greatest version known, if that is known. */
  readonly last: SeenValue | undefined;
  readonly account: Standing | undefined;
}

/** A version that its label's owner did not accept. */
export interface RetainedUnexpected {
  readonly seen: SeenValue;
  /** The position and timestamp of the log entry that created it. */
  readonly position: number;
  readonly time: number | undefined;
  readonly account: AccountStatus | undefined;
}

/**
 * What is retained under a witness policy. Every entry of the frontier of the retained
 * view is settled or pending: it is settled when it was found, at its position, in a
 * checkpoint with a quorum; every later checkpoint is held against that one.
 */
export interface Witnessing {
  readonly policy: string;
  /** The signed note of the last checkpoint with a quorum. */
  readonly last: Uint8Array | undefined;
  /** Verified log entries that are not settled, ascending. */
  readonly pending: readonly PendingEntry[];
  /** The signed note of the last checkpoint that was looked at, whatever its quorum. */
  readonly visited: { readonly note: Uint8Array; readonly at: number } | undefined;
}

/** A log entry, with the proof that a signed head covers it if there is one. */
export interface PendingEntry extends Entry {
  readonly proof: EntryProof | undefined;
  /** When the client first had it, by its own clock. */
  readonly firstSeen: number;
}

/** A copy in which contacts and owners can be replaced. */
export function cloneState(s: State): State {
  return { ...s, contacts: new Map(s.contacts), owners: new Map(s.owners) };
}

/** A contact of which nothing is retained. */
export const newContact: RetainedContact = {
  monitor: emptyContact,
  seen: undefined,
  account: undefined,
};

/** What is retained of a label that was looked up, or nothing. */
export function contactOf(s: State, label: string): RetainedContact {
  return s.contacts.get(label) ?? newContact;
}
