// The groups of both cipher suites, on @noble/curves. Everything here is for public data: it
// takes time that depends on its input.
//
// The curves are made from noble's abstract parts, at the first use: what comes with its ready
// made ones (signing, key exchange, hashing to curves) is never needed, and is a third of the size.

import { type EdwardsPoint, type EdwardsPointCons, edwards } from "@noble/curves/abstract/edwards.js";
import {
  weierstrass,
  type WeierstrassPoint,
  type WeierstrassPointCons,
} from "@noble/curves/abstract/weierstrass.js";

export type { EdwardsPoint };
export type P256Point = WeierstrassPoint<bigint>;

const prime25519 = 2n ** 255n - 19n;

/** Squares x n times modulo 2^255-19. */
function square(x: bigint, n: number): bigint {
  for (let i = 0; i < n; i++) x = (x * x) % prime25519;
  return x;
}

/** Returns x^((p-5)/8) = x^(2^252-3). */
function power2523(x: bigint): bigint {
  const times = (a: bigint, b: bigint): bigint => (a * b) % prime25519;
  // Each is x^(2^n-1).
  const n1 = x;
  const n2 = times(square(n1, 1), n1);
  const n4 = times(square(n2, 2), n2);
  const n5 = times(square(n4, 1), n1);
  const n10 = times(square(n5, 5), n5);
  const n20 = times(square(n10, 10), n10);
  const n40 = times(square(n20, 20), n20);
  const n80 = times(square(n40, 40), n40);
  const n160 = times(square(n80, 80), n80);
  const n240 = times(square(n160, 80), n80);
  const n250 = times(square(n240, 10), n10);
  return times(square(n250, 2), x);
}

const sqrtMinusOne = 0x2b8324804fc1df0b2b4d00993dfbd7a72f431806ad2fe478c4ee1b274a0ea0b0n;

/** Returns a square root of u/v modulo 2^255-19, if there is one: RFC 8032, Section 5.1.3. */
function uvRatio(u: bigint, v: bigint): { isValid: boolean; value: bigint } {
  const p = prime25519;
  const v3 = (((v * v) % p) * v) % p;
  const v7 = (((v3 * v3) % p) * v) % p;
  let value = (((u * v3) % p) * power2523((u * v7) % p)) % p;
  const vx2 = (((v * value) % p) * value) % p;
  const isMinus = (vx2 + u) % p === 0n;
  if (isMinus) value = (value * sqrtMinusOne) % p;
  return { isValid: isMinus || vx2 === u, value };
}

let ed: EdwardsPointCons | undefined;

/** The group of edwards25519: RFC 8032, Section 5.1. */
export function edwards25519(): EdwardsPointCons {
  ed ??= edwards(
    {
      p: prime25519,
      n: 2n ** 252n + 27742317777372353535851937790883648493n,
      h: 8n,
      a: prime25519 - 1n,
      d: 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n,
      Gx: 0x216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51an,
      Gy: 0x6666666666666666666666666666666666666666666666666666666666666658n,
    },
    { uvRatio },
  );
  return ed;
}

let nist: WeierstrassPointCons<bigint> | undefined;

/** The group of P-256: FIPS 186-5. */
export function p256(): WeierstrassPointCons<bigint> {
  nist ??= weierstrass({
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    h: 1n,
    a: 0xffffffff00000001000000000000000000000000fffffffffffffffffffffffcn,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    Gx: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
    Gy: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
  });
  return nist;
}

/**
 * Decodes a point of edwards25519, undefined if there is none with this encoding. `lax` accepts
 * encodings that are not the canonical ones, too: a y from p on, and a sign of x = 0.
 */
export function decodeEdwards25519(b: Uint8Array, lax = false): EdwardsPoint | undefined {
  return attempt(() => edwards25519().fromBytes(b, lax));
}

/** Decodes a point of P-256 from the compressed (33 bytes) or uncompressed form (65 bytes). */
export function decodeP256(b: Uint8Array): P256Point | undefined {
  return attempt(() => p256().fromBytes(b));
}

/** noble says with an exception of no particular type that bytes are not a point. */
function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}
