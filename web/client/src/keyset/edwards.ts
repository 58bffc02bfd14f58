// Keys over the curves 25519 and 448, as points of Edwards form and as coordinates.

import { ed448 } from "@noble/curves/ed448.js";
import { bytesToNumberLE } from "@noble/curves/utils.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { shake256 } from "@noble/hashes/sha3.js";

import { concat, encodeUtf8, equalBytes } from "../bytes.js";
import { decodeEdwards25519, edwards25519, type EdwardsPoint } from "../curve.js";
import { attempt, malformed, privateKey } from "./facts.js";

/** Checks for the canonical encoding of a point of Ed25519 that is not of small order. Throws a Refusal. */
export function checkEd25519(b: Uint8Array): void {
  if (b.length === 64 && equalBytes(publicOf(b.subarray(0, 32)), b.subarray(32))) privateKey();
  if (b.length !== 32) malformed(`${b.length} bytes, not 32`);
  checkOrder(decodeEdwards25519(b));
}

/** The public key of a seed (RFC 8032, Section 5.1.5). */
function publicOf(seed: Uint8Array): Uint8Array {
  const h = sha512(seed).subarray(0, 32);
  h[0] = (h[0] ?? 0) & 0xf8;
  h[31] = ((h[31] ?? 0) & 0x7f) | 0x40;
  const { BASE, Fn } = edwards25519();
  return BASE.multiplyUnsafe(Fn.create(bytesToNumberLE(h))).toBytes();
}

export function checkEd448(b: Uint8Array): void {
  if (b.length !== 57) malformed(`${b.length} bytes, not 57`);
  checkOrder(decode448(b));
}

function checkOrder(p: EdwardsPoint | undefined): void {
  if (!p) malformed("not the encoding of a point");
  if (p.isSmallOrder()) malformed("a point of small order");
}

function decode448(b: Uint8Array): EdwardsPoint | undefined {
  return attempt(() => ed448.Point.fromBytes(b));
}

const dom4 = concat(encodeUtf8("SigEd448"), Uint8Array.of(0, 0));

/**
 * Verifies Ed448 with the empty context (RFC 8032, Section 5.2.7), as verifyEd25519 does:
 * without the cofactor, R compared as bytes. The library's own function is laxer.
 */
export function verifyEd448(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const { BASE, Fn } = ed448.Point;
  const a = decode448(publicKey);
  if (!a || signature.length !== 114) return false;
  const r = signature.subarray(0, 57);
  const s = bytesToNumberLE(signature.subarray(57));
  if (!Fn.isValid(s)) return false;
  const k = Fn.create(bytesToNumberLE(shake256(concat(dom4, r, publicKey, message), { dkLen: 114 })));
  return equalBytes(BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes(), r);
}

const p25519 = 2n ** 255n - 19n;

/** The reduced coordinates of points of small order on the curve and its twist: of order 1, 2, 4 and 8. */
const smallOrder25519 = [
  0n,
  1n,
  p25519 - 1n,
  0xb8495f16056286fdb1329ceb8d09da6ac49ff1fae35616aeb8413b7c7aebe0n,
  0x57119fd0dd4e22d8868e1c58c45c44045bef839c55b1d0b1248c50a3bc959c5fn,
];

/**
 * Checks for a reduced coordinate of a point that is not of small order. Receivers take others
 * too (RFC 7748, Section 5); no generator makes them, and they would be second names of the
 * same key. Throws a Refusal.
 */
export function checkX25519(b: Uint8Array): void {
  if (b.length !== 32) malformed(`${b.length} bytes, not 32`);
  const u = bytesToNumberLE(b);
  if (u >= p25519) malformed("a coordinate that is not reduced");
  if (smallOrder25519.includes(u)) malformed("a point of small order");
}

const p448 = 2n ** 448n - 2n ** 224n - 1n;

/** Checks for a point that is not of small order: those have the coordinates 0, 1 and -1. Throws a Refusal. */
export function checkX448(b: Uint8Array): void {
  if (b.length !== 56) malformed(`${b.length} bytes, not 56`);
  if ([0n, 1n, p448 - 1n].includes(bytesToNumberLE(b) % p448)) malformed("a point of small order");
}
