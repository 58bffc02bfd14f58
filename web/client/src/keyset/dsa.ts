import { malformed } from "./facts.js";
import { bitLength, inverse, modPow, numberOf } from "./numbers.js";

export interface DSAKey {
  p: bigint;
  q: bigint;
  g: bigint;
  y: bigint;
}

/** Checks the ranges of a DSA key, not that its numbers are prime. Throws a Refusal. */
export function checkDSA({ p, q, g, y }: DSAKey): void {
  const [pBits, qBits] = [bitLength(p), bitLength(q)];
  if (pBits < 512 || pBits > 4096 || qBits < 160 || qBits > 512 || q >= p)
    malformed("DSA numbers of other sizes");
  if (p % 2n === 0n || q % 2n === 0n || g <= 1n || g >= p || y <= 1n || y >= p)
    malformed("DSA numbers out of range");
}

/** Verifies as FIPS 186-4, Section 4.7, has it. Requires a key that checkDSA passed. */
export function verifyDSA(k: DSAKey, digest: Uint8Array, r: bigint, s: bigint): boolean {
  const bits = bitLength(k.q);
  if (bits % 8 !== 0 || r <= 0n || r >= k.q || s <= 0n || s >= k.q) return false;
  const w = inverse(s, k.q);
  if (w === undefined) return false;
  const z = numberOf(digest.subarray(0, bits / 8));
  const u = modPow(k.g, (z * w) % k.q, k.p) * modPow(k.y, (r * w) % k.q, k.p);
  return (u % k.p) % k.q === r;
}
