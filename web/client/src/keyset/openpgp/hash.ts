import { sha1 } from "@noble/hashes/legacy.js";
import { sha224, sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { sha3_256, sha3_512 } from "@noble/hashes/sha3.js";

/** A hash algorithm of signatures (RFC 9580, Section 9.5). */
export interface HashAlgorithm {
  name: string;
  hash: (b: Uint8Array) => Uint8Array;
  /** Bytes of the digest. */
  size: number;
  /** Bytes of the salt of a version 6 signature; 0 if it must not be used in one. */
  salt: number;
}

/** By its number. MD5 and RIPEMD-160 are not among them: nothing over them is verified. */
export const hashAlgorithms = new Map<number, HashAlgorithm>([
  [2, { name: "sha1", hash: sha1, size: 20, salt: 0 }],
  [8, { name: "sha256", hash: sha256, size: 32, salt: 16 }],
  [9, { name: "sha384", hash: sha384, size: 48, salt: 24 }],
  [10, { name: "sha512", hash: sha512, size: 64, salt: 32 }],
  [11, { name: "sha224", hash: sha224, size: 28, salt: 16 }],
  [12, { name: "sha3-256", hash: sha3_256, size: 32, salt: 16 }],
  [14, { name: "sha3-512", hash: sha3_512, size: 64, salt: 32 }],
]);
