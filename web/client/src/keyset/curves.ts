// The curves of Weierstrass form that keys of several formats are on, by the names that
// descriptions use.

import { brainpoolP256r1, brainpoolP384r1, brainpoolP512r1 } from "@noble/curves/misc.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { ecdsa, weierstrass } from "@noble/curves/abstract/weierstrass.js";
import { sha224 } from "@noble/hashes/sha2.js";

import { concat } from "../bytes.js";
import { attempt, malformed } from "./facts.js";
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
