import { sha256 } from "@noble/hashes/sha2.js";

import type { Found } from "../client/lookup.js";
import { headOf } from "../client/head.js";
import type { Operation } from "../client/operation.js";
import { readValue } from "../client/account.js";
import { labelBytes } from "../client/label.js";
import { missingVersion } from "../account/index.js";
import { encodeHex } from "../bytes.js";
import { Refusal } from "../errors.js";
import { Failure } from "../failure.js";
import { describe, parseKeySet, type KeySet } from "../keyset/index.js";
import type { EvidenceFile } from "../results.js";
import type { Verified } from "../session.js";
import type { View } from "../view.js";
import { newFacts, raiseNotBefore, type Facts } from "./facts.js";
import type { Head, Version } from "./history.js";

/** How many bytes of values a check holds, and how many keys in them, of which each takes a kilobyte or two. */
const maxHeld = 128 << 20;
const maxHeldKeys = 750_000;

/** One check of the labels of a roster over the network. */
export class Checking {
  readonly op: Operation;
  /** How many versions of each label are looked at, at most. */
  readonly limit: number;
  readonly facts = new Map<string, Facts>();
  /** What was found of labels that the directory contradicted itself about; "" is about none. */
  readonly evidence = new Map<string, EvidenceFile | undefined>();
  /** Timestamps of log entries, as far as they were proven. */
  readonly times = new Map<number, number>();
  /** The directory is not reached any more, or misbehaves too much. */
  broken: Failure | undefined;
  batches = true;
  #held = 0;
  #heldKeys = 0;

  constructor(op: Operation, limit: number) {
    this.op = op;
    this.limit = limit;
    this.learn({ entries: [], view: op.state.view });
  }

  /** Adds a label, of which the versions since a time matter. */
  add(label: string, since: number): void {
    const known = this.facts.get(label);
    if (known) {
      known.since = Math.min(known.since, since);
      return;
    }
    const contact = this.op.state.contacts.get(label);
    this.facts.set(label, { ...newFacts(label, since), known: contact?.account, seen: contact?.seen });
  }

  /** What was proven of a label that was added. */
  of(label: string): Facts {
    const f = this.facts.get(label);
    if (!f) throw new RangeError("the label is not one of the check's");
    return f;
  }

  /** Remembers the timestamps that a response has proven. */
  learn(v: Pick<Verified, "entries" | "view">): void {
    for (const e of [...v.entries, ...v.view.frontier]) this.times.set(e.position, e.timestamp);
  }

  get isFull(): boolean {
    return this.#held > maxHeld || this.#heldKeys > maxHeldKeys;
  }

  /** Adds the version that a search found, which is older than those there. */
  addVersion(f: Facts, r: Found): void {
    const { version, terminal, value, keys } = r.result;
    this.learn(r.result);
    const { set, ...described } = valueOf(value.value);
    const v: Version = {
      number: version,
      logEntry: terminal,
      notAfter: this.times.get(terminal) ?? Infinity,
      commitment: r.commitment,
      account: "",
      ...described,
      ...(set && { set }),
    };
    this.bound(v, r);
    for (const [number, key] of keys) {
      if (key.proven && key.commitment) f.commitments.set(number, key.commitment);
    }
    f.held += value.value.length;
    this.#held += value.value.length;
    this.#heldKeys += v.keys.length;
    f.versions.push(v);
    f.accounts.push(readValue(f.label, version, r.commitment, value.value).version);
    f.done = f.complete = version === 0;
  }

  /** Adds a version without a value. */
  addMissing(f: Facts, number: number, why: string, expired: boolean): void {
    const above = f.versions.at(-1);
    if (!above) return;
    const commitment = f.commitments.get(number) ?? new Uint8Array(32);
    const { notAfter, logEntry } = above;
    f.versions.push({ number, logEntry, notAfter, commitment, missing: why, keys: [], account: "unknown" });
    f.accounts.push(missingVersion(labelBytes(f.label), number, commitment));
    f.done = f.complete = number === 0;
    if (expired) [f.done, f.complete] = [true, this.op.env.config.maximumLifetime !== undefined];
  }

  /** Notes which log entries a search has shown to have a version and to lack it. */
  bound(v: Version, { result }: Found): void {
    const [holds, lacks] = [this.times.get(result.terminal), this.times.get(result.lacking ?? -1)];
    if (holds !== undefined && holds < v.notAfter)
      Object.assign(v, { notAfter: holds, logEntry: result.terminal });
    if (lacks !== undefined) raiseNotBefore(v, lacks);
  }

  /** Drops what was proven of a label. */
  forget(f: Facts): void {
    for (const v of f.versions) this.#heldKeys -= v.keys.length;
    this.#held -= f.held;
    f.versions = [];
    f.accounts.length = 0;
    Object.assign(f, { absent: false, done: true, held: 0 });
    delete f.error;
  }

  /** Takes note of what the directory contradicted itself about. */
  contradicted(f: Facts, evidence: EvidenceFile | undefined): void {
    this.forget(f);
    f.misbehaviour = true;
    this.evidence.set(f.label, evidence);
  }
}

/** What follows from the value of a version. */
function valueOf(value: Uint8Array): Pick<Version, "valueSHA256" | "keys"> & { set: KeySet | undefined } {
  const valueSHA256 = encodeHex(sha256(value));
  try {
    const set = parseKeySet(value);
    return { valueSHA256, keys: describe(set), set };
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    return { valueSHA256, keys: [], set: undefined };
  }
}

/** A state of the log, as reports have it. */
export function rosterHead(view: View): Head {
  const { treeSize, root, time } = headOf(view);
  return { treeSize, root: encodeHex(root), time };
}
