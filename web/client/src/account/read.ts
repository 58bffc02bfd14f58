import { sha256 } from "@noble/hashes/sha2.js";

import { Reader } from "../codec.js";
import { Refusal } from "../errors.js";
import { ExtensionType } from "../keyset/format.js";
import { encodeKeySet, findExtension, type KeySet } from "../keyset/keyset.js";
import { accountKeyText, encodeAccountKey, readAccountKey, type AccountKey } from "./key.js";
import { Kind, verifyStatement, type Statement } from "./statement.js";

/**
 * What one version of a label says of the account key, by itself. Whether that is so is decided
 * by follow, against the versions before.
 */
export interface Version {
  label: Uint8Array;
  number: number;
  /** 32 bytes; zeros if it is not known. */
  commitment: Uint8Array;
  /** The account key that the version names. */
  key?: AccountKey;
  /** The key that it announces. */
  announced?: AccountKey;
  /** Hash of the key set without signatures: zeros if the value is no key set, or not known. */
  body: Uint8Array;
  /** Not known; neither key nor signature; signed; announcing; or malformed. */
  form: "missing" | "bare" | "signed" | "announced" | "broken";
  /** Why it is broken. A NewerRefusal if a key is of an algorithm that is not known. */
  problem?: Refusal;
  previous: Uint8Array;
  /** By key, or by announced. */
  signature: Uint8Array;
  byPrevious: Uint8Array;
}

const none = new Uint8Array(0);

function version(label: Uint8Array, number: number, commitment: Uint8Array, form: Version["form"]): Version {
  const [body, previous] = [new Uint8Array(32), new Uint8Array(32)];
  return { label, number, commitment, form, body, previous, signature: none, byPrevious: none };
}

/**
 * A version whose value is not known: it was erased, or not asked for. A value that is there
 * and cannot be read is foreign: who could make a version count as missing by writing nonsense
 * would break the chain at will.
 */
export function missingVersion(label: Uint8Array, number: number, commitment: Uint8Array): Version {
  return version(label, number, commitment, "missing");
}

/** A version whose value is no key set, or none of a version that is known. It has no account key. */
export function foreignVersion(label: Uint8Array, number: number, commitment: Uint8Array): Version {
  return version(label, number, commitment, "bare");
}

/**
 * Returns the hash of what an account key signs of a set: the SHA-256 of its encoding without
 * signature and announcement.
 */
export function bodyOf(set: KeySet): Uint8Array {
  const extensions = set.extensions.filter(
    (e) => e.type !== ExtensionType.accountSignature && e.type !== ExtensionType.resetAnnouncement,
  );
  return sha256(encodeKeySet({ keys: set.keys, extensions }));
}

/**
 * Takes from a key set, the value of one version, what it says of the account key. It throws
 * nothing for account extensions that are wrong: the version says why in `problem`, and for
 * follow it is unsigned.
 */
export function readVersion(label: Uint8Array, number: number, commitment: Uint8Array, set: KeySet): Version {
  const v = version(label, number, commitment, "broken");
  v.body = bodyOf(set);
  try {
    readExtensions(v, set);
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    v.problem = e;
  }
  return v;
}

function readExtensions(v: Version, set: KeySet): void {
  const key = findExtension(set.extensions, ExtensionType.accountKey);
  const signature = findExtension(set.extensions, ExtensionType.accountSignature);
  const announcement = findExtension(set.extensions, ExtensionType.resetAnnouncement);
  if (!key && !signature && !announcement) {
    v.form = "bare";
    return;
  }
  if (!key) refuse("a signature or an announcement without an account key");
  if (signature && announcement) refuse("a signature and an announcement in one version");
  const r = new Reader(key);
  const own = readAccountKey(r);
  r.end();
  v.key = own;
  if (signature) readSignature(v, new Reader(signature));
  else if (announcement) readAnnouncement(v, own, new Reader(announcement));
  else refuse("an account key without a signature");
}

function readSignature(v: Version, r: Reader): void {
  const previous = r.hash("previous");
  const signature = r.opaque(1, "signature");
  const byPrevious = r.opaque(1, "by_previous");
  r.end();
  if (signature.length === 0) refuse("an empty signature");
  checkPrevious(v, previous);
  if (v.number === 0 && byPrevious.length > 0)
    refuse("version 0 is signed by the key of a version before it");
  Object.assign(v, { form: "signed", previous, signature, byPrevious });
}

function readAnnouncement(v: Version, own: AccountKey, r: Reader): void {
  const previous = r.hash("previous");
  const announced = readAccountKey(r);
  const signature = r.opaque(1, "signature");
  r.end();
  if (signature.length === 0) refuse("an empty signature");
  if (v.number === 0) refuse("version 0 announces a reset");
  if (sameKey(own, announced)) refuse("the announced key is the account key");
  checkPrevious(v, previous);
  Object.assign(v, { form: "announced", previous, signature, announced });
}

/** Checks that version 0, and no other, has nothing before it. */
function checkPrevious(v: Version, previous: Uint8Array): void {
  if ((v.number === 0) !== previous.every((b) => b === 0)) refuse("it names the version before it wrongly");
}

function refuse(what: string): never {
  throw new Refusal("malformed", `account: ${what}`);
}

export function sameKey(a: AccountKey, b: AccountKey): boolean {
  return accountKeyText(a) === accountKeyText(b);
}

/** Reports whether a key made a signature that is in the version. */
export function verifyVersion(v: Version, key: AccountKey, signature: Uint8Array): boolean {
  const { label, number, previous, body } = v;
  const s: Statement = { kind: Kind.version, label, version: number, previous, body, detail: none };
  if (v.announced) Object.assign(s, { kind: Kind.announcement, detail: encodeAccountKey(v.announced) });
  else if (v.byPrevious.length > 0) s.kind = Kind.rotation;
  return verifyStatement(s, key, signature);
}
