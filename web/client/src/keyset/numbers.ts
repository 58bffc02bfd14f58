import { bytesToNumberBE } from "@noble/curves/utils.js";

/** The number that big-endian bytes are; of no bytes, 0. */
export function numberOf(b: Uint8Array): bigint {
  return b.length === 0 ? 0n : bytesToNumberBE(b);
}

export function bitLength(n: bigint): number {
  return n === 0n ? 0 : n.toString(2).length;
}

/** The number in big-endian bytes, so many of them. Requires that it fits. */
export function bytesOf(n: bigint, size: number): Uint8Array {
  const hex = n.toString(16).padStart(2 * size, "0");
  return Uint8Array.from({ length: size }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** base^exponent modulo m. Requires exponent >= 0 and m > 0. */
export function modPow(base: bigint, exponent: bigint, m: bigint): bigint {
  let result = 1n % m;
  base %= m;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % m;
    if (bit === "1") result = (result * base) % m;
  }
  return result;
}

/** The inverse of a modulo m, or undefined if there is none. Requires 0 < a < m. */
export function inverse(a: bigint, m: bigint): bigint | undefined {
  let [r, next, x, nextX] = [m, a, 0n, 1n];
  while (next !== 0n) {
    const q = r / next;
    [r, next, x, nextX] = [next, r - q * next, nextX, x - q * nextX];
  }
  return r === 1n ? ((x % m) + m) % m : undefined;
}
