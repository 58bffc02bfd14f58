import { sha256 } from "@noble/hashes/sha2.js";

import { emptyContact, observe } from "../contact.js";
import { decodeHex, equalBytes } from "../bytes.js";
import { Refusal } from "../errors.js";
import type { Failure } from "../failure.js";
import { checkOwnerSearch } from "../owner.js";
import { encodeSearchRequest } from "../requests.js";
import { parseSearchResponse, type SearchResponse } from "../responses.js";
import type { SearchResult } from "../verify-search.js";
import { lastSize, type View } from "../view.js";
import { aloneAfter, readAccount, settles } from "./account.js";
import { labelBytes } from "./label.js";
import { keepExchange } from "./kept.js";
import type { Exchange, Operation } from "./operation.js";
import { proceed } from "./proceed.js";
import { contactOf, type RetainedContact, type SeenValue, type Standing, type State } from "./state.js";

/** A verified search. */
export interface Found {
  readonly label: string;
  readonly greatest: boolean;
  readonly before: View;
  readonly response: SearchResponse;
  readonly exchange: Exchange;
  readonly at: number;
  readonly result: SearchResult;
  readonly commitment: Uint8Array;
  /** What was seen before, if that was another value; of keepContact. */
  changed?: SeenValue | undefined;
  /** What is to count as seen last; of keepContact. */
  seenNow?: SeenValue | undefined;
  /** The value says something of an account key; of keepContact. */
  names?: boolean;
  /** It is yet to be held against one; of keepContact. */
  unsettled?: boolean;
  /** What its versions amount to, if the label has an account key; of checkAccount. */
  standing?: Standing | undefined;
  /** An account key of the label was known before; of checkAccount. */
  knewKey?: boolean;
  /** Why it must not be handed out; of checkAccount. */
  refused?: Failure | undefined;
}

/** Makes the changes to the next state that follow from what a search found, besides the view. */
export type Keeping = (op: Operation, next: State, f: Found) => void;

/** Asks for a version of a label, the greatest if that is undefined. */
export interface Question {
  readonly label: string;
  readonly version: number | undefined;
}

/** Sends a search request and verifies the response. Throws a Failure. */
export async function search(op: Operation, q: Question, keep: Keeping): Promise<Found> {
  const { label, version } = q;
  const before = op.state.view;
  const request = { last: lastSize(before), label: labelBytes(label), version };
  const f = await op.ask<Found>({
    operation: "search",
    label,
    request: encodeSearchRequest(request),
    verify(bytes, next, exchange) {
      const response = parseSearchResponse(op.env.config, request, bytes);
      const at = op.env.now();
      const result = op.env.verifier.search(before, request, response, at);
      return take(
        op,
        next,
        { label, greatest: version === undefined, before, response, exchange, at, result },
        keep,
      );
    },
  });
  await keepFound(op, f);
  return f;
}

/** Makes the changes to next that follow from a verified search. */
export function take(op: Operation, next: State, f: Omit<Found, "commitment">, keep: Keeping): Found {
  proceed(next, f.result, f.at);
  const owner = next.owners.get(f.label);
  if (owner) checkOwnerSearch(owner.monitor, f.result);
  const commitment = f.result.keys.get(f.result.version)?.commitment;
  if (!commitment) throw new Refusal("proof", `no commitment to version ${f.result.version}`);
  const found: Found = { ...f, commitment };
  keep(op, next, found);
  return found;
}

/** Keeps a verified search, for evidence, if it tells more of the label than what is kept. */
export function keepFound(op: Operation, f: Found): Promise<void> {
  const { version } = f.result;
  const { commitment, greatest, at, exchange } = f;
  return keepExchange(op, f.label, { version, commitment, greatest, at, exchange });
}

const maxRetainedValue = 64 << 10;

/** What was found, as it is retained. */
export function seenOf(f: Found): SeenValue {
  const { value } = f.result.value;
  return describeSeen(f.result.version, f.commitment, value, f.at);
}

/** A value as it is retained. */
export function describeSeen(
  version: number,
  commitment: Uint8Array,
  value: Uint8Array,
  at: number,
): SeenValue {
  const retained = value.length <= maxRetainedValue ? value : undefined;
  return { version, commitment, sha256: sha256(value), value: retained, at };
}

/**
 * Makes the changes that follow from a lookup. Under a witness policy, what it finds does not
 * count as seen yet: a change must not be passed over because the witnesses could not be asked
 * about it. Neither does what is yet to be held against an account key.
 */
export const keepContact: Keeping = (op, next, f) => {
  const c = observeContact(op, contactOf(next, f.label), f);
  const read = readAccount(f);
  f.names = read.says;
  const alone = f.greatest && !read.says ? aloneAfter(c.account, read.version) : undefined;
  f.unsettled = !alone && !settles(c.account, f.result.version);
  const counts = !next.witness;
  next.contacts.set(f.label, {
    monitor: c.monitor,
    seen: counts && f.seenNow && !f.unsettled ? f.seenNow : c.seen,
    account: counts && alone ? alone : c.account,
  });
};

/**
 * Holds a search against what was seen of the label before, and takes note of what has to be
 * monitored. Throws a Refusal "misbehaviour" if the two contradict each other.
 */
export function observeContact(op: Operation, c: RetainedContact, f: Found): RetainedContact {
  const latest = seenOf(f);
  checkContact(c, latest, f.greatest);
  const begun = lapsed(op, c) ? { ...c, monitor: emptyContact } : c;
  const monitor = observe(begun.monitor, f.result);
  const before = c.seen;
  if (before && latest.version <= before.version) {
    if (latest.version === before.version) f.seenNow = { ...before, at: f.at };
  } else if (f.greatest) {
    f.seenNow = latest;
    if (before && !equalBytes(before.sha256, latest.sha256)) f.changed = before;
  }
  return { ...c, monitor };
}

/** Holds what a search found against what was seen before, and what was refused for want of a signature. */
export function checkContact(c: RetainedContact, latest: SeenValue, greatest: boolean): void {
  if (c.seen) checkSeen(c.seen, latest, greatest);
  if (c.account) {
    const commitment = accountCommitment(c.account);
    checkSeen({ version: c.account.version, commitment: commitment ?? latest.commitment }, latest, greatest);
  }
}

function accountCommitment(s: Standing): Uint8Array | undefined {
  if (/^0*$/.test(s.commitment)) return undefined; // it is not known
  return decodeHex(s.commitment);
}

/** A commitment never changes, and the greatest version never sinks. */
function checkSeen(s: Pick<SeenValue, "version" | "commitment">, latest: SeenValue, greatest: boolean): void {
  if (latest.version === s.version && !equalBytes(latest.commitment, s.commitment)) {
    throw new Refusal("misbehaviour", `the log committed to another value of version ${s.version} before`);
  }
  if (greatest && latest.version < s.version) {
    const now = `now that version ${latest.version} is the greatest`;
    throw new Refusal("misbehaviour", `the log proved that version ${s.version} exists, and ${now}`);
  }
}

/**
 * Whether what waits for monitoring since an earlier lookup has expired, by the client's own
 * clock: nobody can prove it any more.
 */
function lapsed(op: Operation, c: RetainedContact): boolean {
  const lifetime = op.env.config.maximumLifetime;
  const last = c.monitor.map.at(-1);
  if (lifetime === undefined || !c.seen || !last || last.version > c.seen.version) return false;
  return op.env.now() - c.seen.at >= lifetime;
}
