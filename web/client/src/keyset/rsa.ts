import { sha224, sha256, sha384, sha512 } from "@noble/hashes/sha2.js";

import { concat, decodeHex, equalBytes } from "../bytes.js";
import { malformed, type Facts } from "./facts.js";
import { bitLength, bytesOf, modPow, numberOf } from "./numbers.js";

export interface RSAKey {
  n: bigint;
  e: bigint;
}

/** The largest modulus that is read, in bits: the largest that ssh-keygen and GnuPG make. */
export const maxRSABits = 16384;

/** Finds the weaknesses of a key. Throws a Refusal for numbers that are no RSA key at all. */
export function judgeRSA(k: RSAKey, facts: Pick<Facts, "weak">): void {
  const bits = bitLength(k.n);
  if (bits > maxRSABits) malformed("an RSA modulus that is too large");
  if (bits < 256 || k.n % 2n === 0n) malformed("not an RSA modulus");
  if (k.e < 3n || k.e % 2n === 0n) malformed("not an RSA exponent");
  if (bits < 2048) facts.weak.push(`rsa-${bits}`);
  const rests = oddPrimes.map((p) => Number(k.n % BigInt(p)));
  if (rests.includes(0)) facts.weak.push("rsa-small-factor");
  if (oddPrimes.every((p, i) => isPower(65537, rests[i] ?? 0, p))) facts.weak.push("roca");
}

const oddPrimes = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/**
 * Reports whether r is a power of base modulo p. Moduli of CVE-2017-15361 are powers of 65537
 * modulo each of these primes; of others, one in 2^27 is.
 */
function isPower(base: number, r: number, p: number): boolean {
  let power = 1;
  for (let i = 1; i < p; i++) {
    if (power === r) return true;
    power = (power * base) % p;
  }
  return false;
}

/** The beginning of a DigestInfo (RFC 8017, Section 9.2), by the name of the hash. */
const digestInfo: Record<string, string> = {
  sha1: "3021300906052b0e03021a05000414",
  sha224: "302d300d06096086480165030402040500041c",
  sha256: "3031300d060960864801650304020105000420",
  sha384: "3041300d060960864801650304020205000430",
  sha512: "3051300d060960864801650304020305000440",
  "sha3-256": "3031300d060960864801650304020805000420",
  "sha3-512": "3051300d060960864801650304020a05000440",
};

/**
 * Recovers what a signature is of. Undefined if the signature does not have the modulus' size,
 * or the key is one of less than 1,024 bits, with which nothing is verified.
 */
function recover(k: RSAKey, signature: Uint8Array): Uint8Array | undefined {
  const bits = bitLength(k.n);
  const size = Math.ceil(bits / 8);
  const s = numberOf(signature);
  if (bits < 1024 || k.e >= 1n << 31n || signature.length !== size || s >= k.n) return undefined;
  return bytesOf(modPow(s, k.e, k.n), size);
}

/** Verifies RSASSA-PKCS1-v1_5 (RFC 8017, Section 8.2.2). Requires a key that judgeRSA passed. */
export function verifyPKCS1(k: RSAKey, hash: string, digest: Uint8Array, signature: Uint8Array): boolean {
  const em = recover(k, signature);
  const info = digestInfo[hash];
  if (!em || info === undefined) return false;
  const tail = concat(decodeHex(info), digest);
  const fill = em.length - tail.length - 3;
  if (fill < 8) return false;
  return equalBytes(em, concat(Uint8Array.of(0, 1), new Uint8Array(fill).fill(0xff), Uint8Array.of(0), tail));
}

const hashes = { sha224, sha256, sha384, sha512 };

/** Verifies RSASSA-PSS with MGF1 and a salt of the hash's size (RFC 8017, Section 9.1.2). */
export function verifyPSS(
  k: RSAKey,
  name: keyof typeof hashes,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const hash = hashes[name];
  const size = hash.outputLen;
  const emBits = bitLength(k.n) - 1;
  let em = recover(k, signature);
  if (!em) return false;
  if (emBits % 8 === 0) {
    if (em[0] !== 0) return false;
    em = em.subarray(1);
  }
  if (em.length < 2 * size + 2 || em.at(-1) !== 0xbc) return false;
  const masked = em.subarray(0, em.length - size - 1);
  const h = em.subarray(masked.length, -1);
  const unused = 0xff >> (8 * em.length - emBits);
  if ((masked[0] ?? 0) & ~unused) return false;
  const mask = mgf1(hash, h, masked.length);
  const db = masked.map((v, i) => v ^ (mask[i] ?? 0));
  db[0] = (db[0] ?? 0) & unused;
  const [fill, salt] = [db.subarray(0, -size - 1), db.subarray(-size)];
  if (fill.some((v) => v !== 0) || db[fill.length] !== 1) return false;
  return equalBytes(hash(concat(new Uint8Array(8), digest, salt)), h);
}

function mgf1(hash: (b: Uint8Array) => Uint8Array, seed: Uint8Array, size: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let n = 0, i = 0; n < size; i++) {
    const part = hash(concat(seed, Uint8Array.of(i >> 24, i >> 16, i >> 8, i)));
    parts.push(part);
    n += part.length;
  }
  return concat(...parts).subarray(0, size);
}
