import { sha1 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";

import { concat, encodeHex } from "../../bytes.js";
import { Reader } from "../../codec.js";
import { cost, rsaCost } from "../budget.js";
import { checkPoint, type CurveName } from "../curves.js";
import type { DSAKey } from "../dsa.js";
import { malformed } from "../facts.js";
import { bitLength, numberOf } from "../numbers.js";
import { checkMLKEM, mlkem1024Size, mlkem768Size } from "../raw.js";
import type { RSAKey } from "../rsa.js";
import { hashAlgorithms } from "./hash.js";

/** The numbers of a key, by what they are for. Points of 25519 and 448 are in their native form. */
export type Material =
  | { kind: "rsa"; rsa: RSAKey }
  | { kind: "dsa"; dsa: DSAKey }
  | { kind: "elgamal"; p: bigint; g: bigint; y: bigint }
  | { kind: "ecdsa" | "ecdh"; curve: CurveName; point: Uint8Array }
  | { kind: "eddsa" | "xdh"; point: Uint8Array }
  | { kind: "mldsa"; point: Uint8Array; key: Uint8Array }
  | { kind: "slhdsa"; key: Uint8Array };

/** A primary key or subkey (RFC 9580, Section 5.5.2). */
export interface PGPKey {
  version: 4 | 6;
  /** Seconds since 1970. */
  created: number;
  algorithm: number;
  material: Material;
  /** What signatures and the fingerprint are over: a prefix, and the key in its one encoding. */
  hashed: Uint8Array;
  fingerprint: Uint8Array;
  keyID: string;
}

/** Public-key algorithms (RFC 9580, Section 9.1, and RFC 9980). */
export const Algorithm = {
  rsa: 1,
  rsaSignOnly: 3,
  dsa: 17,
  ecdsa: 19,
  eddsa: 22,
  ed25519: 27,
  ed448: 28,
} as const;

/**
 * Reads the body of a key packet. Undefined for a version, an algorithm or a curve that is not
 * known. Throws a Refusal.
 */
export function readKey(body: Uint8Array): PGPKey | undefined {
  const r = new Reader(body);
  const version = r.u8("version");
  const created = r.u32("creation time");
  const algorithm = r.u8("algorithm");
  if (version !== 4 && version !== 6) return undefined;
  if (version === 6) r.u32("octet count"); // not used: what is there counts
  const start = body.length - r.remaining;
  const read = readers[algorithm];
  const material = read?.(r, version);
  if (!material) return undefined;
  const encoded = body.subarray(start, body.length - r.remaining);
  const hashed = concat(
    ...prefix(version, 6 + encoded.length),
    body.subarray(0, 6),
    ...count(version, encoded),
    encoded,
  );
  const fingerprint = version === 4 ? sha1(hashed) : sha256(hashed);
  const keyID = encodeHex(version === 4 ? fingerprint.subarray(12) : fingerprint.subarray(0, 8));
  return { version, created, algorithm, material, hashed, fingerprint, keyID };
}

function prefix(version: 4 | 6, size: number): Uint8Array[] {
  return version === 4 ? [Uint8Array.of(0x99, size >> 8, size)] : [Uint8Array.of(0x9b), uint32(size + 4)];
}

function count(version: 4 | 6, encoded: Uint8Array): Uint8Array[] {
  return version === 4 ? [] : [uint32(encoded.length)];
}

export function uint32(n: number): Uint8Array {
  return Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
}

/** The bytes of a multiprecision integer (RFC 9580, Section 3.2). */
export function mpi(r: Reader): Uint8Array {
  return r.fixed(Math.ceil(r.u16("MPI") / 8), "MPI");
}

type Read = (r: Reader, version: 4 | 6) => Material | undefined;

const readers: Record<number, Read> = {
  1: readRSA,
  2: readRSA,
  3: readRSA,
  16: (r) => ({ kind: "elgamal", p: numberOf(mpi(r)), g: numberOf(mpi(r)), y: numberOf(mpi(r)) }),
  17: (r) => ({
    kind: "dsa",
    dsa: { p: numberOf(mpi(r)), q: numberOf(mpi(r)), g: numberOf(mpi(r)), y: numberOf(mpi(r)) },
  }),
  18: readECDH,
  19: readECDSA,
  22: readEdDSA,
  25: (r) => ({ kind: "xdh", point: r.fixed(32, "point") }),
  26: (r) => ({ kind: "xdh", point: r.fixed(56, "point") }),
  27: (r) => ({ kind: "eddsa", point: r.fixed(32, "point") }),
  28: (r) => ({ kind: "eddsa", point: r.fixed(57, "point") }),
  // Post-quantum (RFC 9980).
  30: (r, version) => mldsa(r, version, 32, 1952),
  31: (r, version) => mldsa(r, version, 57, 2592),
  32: (r, version) => slhdsa(r, version, 32),
  33: (r, version) => slhdsa(r, version, 32),
  34: (r, version) => slhdsa(r, version, 64),
  35: (r) => kem(r, 32, mlkem768Size),
  36: (r, version) =>
    version === 4 ? malformed("an algorithm of version 6 only") : kem(r, 56, mlkem1024Size),
};

function mldsa(r: Reader, version: number, size: number, rest: number): Material {
  if (version === 4) malformed("an algorithm of version 6 only");
  return { kind: "mldsa", point: r.fixed(size, "point"), key: r.fixed(rest, "ML-DSA key") };
}

function slhdsa(r: Reader, version: number, size: number): Material {
  if (version === 4) malformed("an algorithm of version 6 only");
  return { kind: "slhdsa", key: r.fixed(size, "SLH-DSA key") };
}

function kem(r: Reader, size: number, rest: number): Material {
  const point = r.fixed(size, "point");
  checkMLKEM(r.fixed(rest, "ML-KEM key"), rest);
  return { kind: "xdh", point };
}

/** Exponents of more than three bytes are not known. */
function readRSA(r: Reader): Material | undefined {
  const [n, e] = [mpi(r), mpi(r)];
  return e.length > 3 ? undefined : { kind: "rsa", rsa: { n: numberOf(n), e: numberOf(e) } };
}

/** Curves by their object identifier (RFC 9580, Section 9.2), in hexadecimal. */
const curves: Record<string, CurveName> = {
  "2a8648ce3d030107": "P-256",
  "2b81040022": "P-384",
  "2b81040023": "P-521",
  "2b8104000a": "secp256k1",
  "2b2403030208010107": "brainpoolP256r1",
  "2b240303020801010b": "brainpoolP384r1",
  "2b240303020801010d": "brainpoolP512r1",
};

/** Sizes of points on the curves that have a native form, and the one of them that version 6 must not have. */
const curve25519 = "2b060104019755010501";
const montgomery: Record<string, number> = { [curve25519]: 32, "2b656f": 56 };
const edwards: Record<string, number> = { "2b06010401da470f01": 32, "2b6571": 57 };

/** Bytes behind their length, of which 0 and 255 are reserved. */
function field(r: Reader): Uint8Array | undefined {
  const size = r.u8("length");
  return size === 0 || size === 255 ? undefined : r.fixed(size, "field");
}

function curveOID(r: Reader): string {
  const b = field(r);
  return b ? encodeHex(b) : "";
}

function readECDSA(r: Reader): Material | undefined {
  const oid = curveOID(r);
  if (edwards[oid] || montgomery[oid]) return void mpi(r);
  const curve = curves[oid];
  if (!curve) return undefined;
  const point = mpi(r);
  checkPoint(curve, point);
  return { kind: "ecdsa", curve, point };
}

/** Bytes of the keys of ciphers that wrap session keys. */
const cipherKeys: Record<number, number> = { 2: 24, 3: 16, 7: 16, 8: 24, 9: 32 };

function readECDH(r: Reader, version: number): Material | undefined {
  const oid = curveOID(r);
  const [curve, size] = [curves[oid], montgomery[oid]];
  if (!curve && !size && !edwards[oid]) return undefined;
  // SPEC: Implementations MUST NOT accept version 6 key material using the deprecated OIDs.
  if (version === 6 && (oid === curve25519 || edwards[oid] === 32))
    malformed("a deprecated curve in a key of version 6");
  const point = mpi(r);
  const kdf = field(r);
  if (edwards[oid] || !kdf || !knownKDF(kdf)) return undefined;
  if (curve) return { kind: "ecdh", curve, point };
  if (point.length !== (size ?? 0) + 1) malformed("a point of another size");
  return { kind: "xdh", point: point.subarray(1) };
}

/** Whether the parameters of the key derivation are known. Throws a Refusal if the hash is too short for the cipher. */
function knownKDF(kdf: Uint8Array): boolean {
  const [reserved, hash = 0, cipher = 0] = kdf;
  const [size, keySize] = [hash === 2 ? 0 : hashAlgorithms.get(hash)?.size, cipherKeys[cipher]];
  if (kdf.length < 3 || reserved !== 1 || !size || !keySize) return false;
  // SPEC: RFC 6637, Section 7: the hash must be at least as long as the key.
  if (size < keySize) malformed("a hash that is shorter than the key of its cipher");
  return true;
}

function readEdDSA(r: Reader, version: number): Material | undefined {
  if (version === 6) malformed("a deprecated algorithm in a key of version 6");
  const size = edwards[curveOID(r)];
  if (!size) return undefined;
  const point = mpi(r);
  if (point.length === 0) malformed("an empty point");
  if (point[0] !== 0x40) return undefined;
  if (point.length !== size + 1) malformed("a point of another size");
  return { kind: "eddsa", point: point.subarray(1) };
}

/** What verifying a signature by a key costs, see Budget. */
export function costOf(k: PGPKey): number {
  const m = k.material;
  if (m.kind === "dsa") return cost.dsa;
  if (m.kind === "rsa") return rsaCost(bitLength(m.rsa.n));
  if (m.kind === "ecdsa") return curveCosts[m.curve];
  if (k.algorithm === Algorithm.ed448) return cost.ed448;
  return m.kind === "mldsa" || m.kind === "slhdsa" ? cost.postQuantum : 1;
}

const curveCosts: Record<CurveName, number> = {
  "P-224": cost.large,
  "P-256": 1,
  "P-384": cost.p384,
  "P-521": cost.p521,
  secp256k1: cost.plain,
  brainpoolP256r1: cost.plain,
  brainpoolP384r1: cost.large,
  brainpoolP512r1: cost.large,
};
