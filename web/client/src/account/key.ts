import { sha256 } from "@noble/hashes/sha2.js";

import { concat, decodeBase64, encodeBase64, encodeHex } from "../bytes.js";
import type { Reader } from "../codec.js";
import { decodeEdwards25519, decodeP256 } from "../curve.js";
import { Refusal } from "../errors.js";
import { NewerRefusal } from "../keyset/parse.js";

const names = ["", "ed25519", "p256"];

/**
 * A public account key: algorithm 1 is Ed25519, with 32 bytes, and 2 ECDSA on P-256, with the
 * 33 bytes of a compressed point. Only readAccountKey and parseAccountKey make one, so it has
 * been checked.
 */
export interface AccountKey {
  readonly algorithm: number;
  readonly public: Uint8Array;
}

/**
 * Reads an AccountKey. Throws a Refusal for a key that is not in its one canonical encoding,
 * not on its curve, or not in the group of prime order: a NewerRefusal if its algorithm is not
 * known.
 */
export function readAccountKey(r: Reader): AccountKey {
  const key = { algorithm: r.u8("algorithm"), public: r.opaque(1, "public") };
  if (key.algorithm === 0 || key.public.length === 0) throw new Refusal("malformed", "no account key");
  return checked(key);
}

function checked(key: AccountKey): AccountKey {
  if (!names[key.algorithm]) throw new NewerRefusal(`an account key of algorithm ${key.algorithm}`);
  if (key.algorithm === 1 ? !isEd25519(key.public) : !isP256(key.public)) {
    throw new Refusal("malformed", "not usable as an account key");
  }
  return key;
}

function isEd25519(bytes: Uint8Array): boolean {
  const p = decodeEdwards25519(bytes);
  return p !== undefined && !p.is0() && p.isTorsionFree();
}

function isP256(bytes: Uint8Array): boolean {
  return bytes.length === 33 && decodeP256(bytes) !== undefined;
}

/** Returns the encoded AccountKey. */
export function encodeAccountKey(key: AccountKey): Uint8Array {
  return concat(Uint8Array.of(key.algorithm, key.public.length), key.public);
}

/** Returns the key for people and files: the algorithm's name, a colon, and base64url without padding. */
export function accountKeyText(key: AccountKey): string {
  const encoded = encodeBase64(key.public).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `${names[key.algorithm]}:${encoded}`;
}

/** Reads what accountKeyText writes, and nothing else. Throws a Refusal. */
export function parseAccountKey(text: string): AccountKey {
  const colon = text.indexOf(":");
  const algorithm = names.indexOf(text.slice(0, Math.max(colon, 0)));
  if (colon < 1 || text.length > 512) throw new Refusal("malformed", "not an account key");
  if (algorithm < 1) throw new NewerRefusal("an account key of an unknown algorithm");
  const encoded = text
    .slice(colon + 1)
    .replaceAll("-", "+")
    .replaceAll("_", "/");
  const key = { algorithm, public: decodeBase64(encoded.padEnd(Math.ceil(encoded.length / 4) * 4, "=")) };
  if (accountKeyText(key) !== text) throw new Refusal("malformed", "an account key that is not base64url");
  return checked(key);
}

/** Returns the SHA-256 of the encoded AccountKey in lower-case hex. */
export function accountKeyFingerprint(key: AccountKey): string {
  return encodeHex(sha256(encodeAccountKey(key)));
}
