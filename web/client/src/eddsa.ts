// EdDSA (RFC 8032) as the project's verifiers agree on it: without the cofactor, R compared as
// bytes. The library's own function multiplies by the cofactor, under which the owner of a key
// can make signatures that some verifiers accept and others do not.

import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE } from "@noble/curves/utils.js";
import { sha512 } from "@noble/hashes/sha2.js";

import { concat, equalBytes } from "./bytes.js";

type Curve = Pick<typeof ed25519, "Point">;

/** Decodes a point in its one canonical encoding; undefined if it is none. */
export function decodePoint(curve: Curve, bytes: Uint8Array): typeof curve.Point.BASE | undefined {
  try {
    return curve.Point.fromBytes(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Verifies with a curve and the hash over R, the public key and the message. Signatures are of
 * exactly two encoded points' size.
 */
export function verifyEdDSA(
  curve: Curve,
  hash: (message: Uint8Array) => Uint8Array,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { Point } = curve;
  const size = Point.Fp.BYTES;
  const a = decodePoint(curve, publicKey);
  if (!a || signature.length !== 2 * size) return false;
  const [r, order] = [signature.subarray(0, size), Point.Fn.ORDER];
  const s = bytesToNumberLE(signature.subarray(size));
  if (s >= order) return false;
  const k = bytesToNumberLE(hash(concat(r, publicKey, message))) % order;
  return equalBytes(Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes(), r);
}

/** Verifies an Ed25519 signature. Whether the public key is of small order is not checked. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return verifyEdDSA(ed25519, sha512, publicKey, message, signature);
}
