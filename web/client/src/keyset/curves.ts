// The curves that keys of several formats are on, by the names that descriptions use.

import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { ed448, x448 } from "@noble/curves/ed448.js";
import { brainpoolP256r1, brainpoolP384r1, brainpoolP512r1 } from "@noble/curves/misc.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { ecdsa, weierstrass } from "@noble/curves/abstract/weierstrass.js";
import { sha224 } from "@noble/hashes/sha2.js";
import { shake256 } from "@noble/hashes/sha3.js";

import { concat, encodeUtf8, equalBytes } from "../bytes.js";
import { decodePoint, verifyEdDSA } from "../eddsa.js";
import { attempt, malformed, privateKey } from "./facts.js";
import { bytesOf } from "./numbers.js";

/** P-224 (FIPS 186-4, D.1.2.2): too small to be used, and so in no library, but still in certificates. */
const p224 = ecdsa(
  weierstrass({
    p: 2n ** 224n - 2n ** 96n + 1n,
    n: 0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn,
    h: 1n,
    a: 2n ** 224n - 2n ** 96n - 2n,
    b: 0xb4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4n,
    Gx: 0xb70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21n,
    Gy: 0xbd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34n,
  }),
  sha224,
);

const curves = {
  "P-224": p224,
  "P-256": p256,
  "P-384": p384,
  "P-521": p521,
  secp256k1,
  brainpoolP256r1,
  brainpoolP384r1,
  brainpoolP512r1,
};

export type CurveName = keyof typeof curves;

function fieldSize(name: CurveName): number {
  return curves[name].Point.Fp.BYTES;
}

/** Checks for an uncompressed point (SEC 1, Section 2.3.3) on a curve. Throws a Refusal. */
export function checkPoint(name: CurveName, b: Uint8Array): void {
  const { Point } = curves[name];
  if (b.length !== 1 + 2 * fieldSize(name) || b[0] !== 4) malformed("not an uncompressed point of this size");
  if (!attempt(() => (Point.fromBytes(b).assertValidity(), true))) malformed("not a point of its curve");
}

/** Verifies ECDSA over a digest, which is cut to the order's size. Requires a point that checkPoint passed. */
export function verifyECDSA(
  name: CurveName,
  point: Uint8Array,
  digest: Uint8Array,
  r: bigint,
  s: bigint,
): boolean {
  const curve = curves[name];
  const { ORDER, BYTES } = curve.Point.Fn;
  if (r <= 0n || r >= ORDER || s <= 0n || s >= ORDER) return false;
  const compact = concat(bytesOf(r, BYTES), bytesOf(s, BYTES));
  return attempt(() => curve.verify(compact, digest, point, { prehash: false, lowS: false })) === true;
}

/** Checks for the canonical encoding of a point of Ed25519 that is not of small order. Throws a Refusal. */
export function checkEd25519(b: Uint8Array): void {
  if (b.length === 64 && equalBytes(ed25519.getPublicKey(b.subarray(0, 32)), b.subarray(32))) privateKey();
  checkEdwards(ed25519, b);
}

export function checkEd448(b: Uint8Array): void {
  checkEdwards(ed448, b);
}

function checkEdwards(curve: Pick<typeof ed25519, "Point">, b: Uint8Array): void {
  if (b.length !== curve.Point.Fp.BYTES) malformed(`${b.length} bytes, not ${curve.Point.Fp.BYTES}`);
  const p = decodePoint(curve, b);
  if (!p) malformed("not the encoding of a point");
  if (p.isSmallOrder()) malformed("a point of small order");
}

/** Verifies Ed448 with the empty context (RFC 8032, Section 5.2.7). */
export function verifyEd448(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return verifyEdDSA(ed448, hash448, publicKey, message, signature);
}

const dom4 = concat(encodeUtf8("SigEd448"), Uint8Array.of(0, 0));

function hash448(message: Uint8Array): Uint8Array {
  return shake256(concat(dom4, message), { dkLen: 114 });
}

const fieldOf25519 = 2n ** 255n - 19n;

/**
 * Checks for a reduced coordinate of a point that is not of small order. Receivers take others
 * too (RFC 7748, Section 5); no generator makes them, and they would be second names of the
 * same key. Throws a Refusal.
 */
export function checkX25519(b: Uint8Array): void {
  if (b.length !== 32) malformed(`${b.length} bytes, not 32`);
  const u = b.reduceRight((n, v) => (n << 8n) | BigInt(v), 0n);
  if (u >= fieldOf25519) malformed("a coordinate that is not reduced");
  // Any scalar makes zero of a point of small order, which the library refuses.
  if (!attempt(() => x25519.scalarMult(new Uint8Array(32).fill(8), b))) malformed("a point of small order");
}

/** Checks for a point that is not of small order. Throws a Refusal. */
export function checkX448(b: Uint8Array): void {
  if (b.length !== 56) malformed(`${b.length} bytes, not 56`);
  if (!attempt(() => x448.scalarMult(new Uint8Array(56).fill(8), b))) malformed("a point of small order");
}
