import { checkPoint } from "./curves.js";
import { checkX25519 } from "./edwards.js";
import { malformed } from "./facts.js";

export const mlkem768Size = 1184;
export const mlkem1024Size = 1568;

/**
 * Checks an encapsulation key as FIPS 203, Section 7.2, requires: its size, and coefficients
 * below the modulus, in twelve bits each. The last 32 bytes are a seed.
 */
export function checkMLKEM(b: Uint8Array, size: number): void {
  if (b.length !== size) malformed(`${b.length} bytes, not ${size}`);
  for (let i = 0; i < size - 32; i += 3) {
    const [x = 0, y = 0, z = 0] = b.subarray(i, i + 3);
    if ((x | ((y & 15) << 8)) >= 3329 || ((y >> 4) | (z << 4)) >= 3329)
      malformed("a coefficient that is not reduced");
  }
}

export function checkP256(b: Uint8Array): void {
  checkPoint("P-256", b);
}

/** Checks an identity key as Signal serialises it: the octet 5, and an X25519 key. */
export function checkSignal(b: Uint8Array): void {
  if (b.length !== 33 || b[0] !== 5) malformed("not 5 and 32 bytes");
  checkX25519(b.subarray(1));
}
