import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";

import { concat, encodeUtf8 } from "../bytes.js";
import { verifyEd25519 } from "../signature.js";
import { Reader } from "../codec.js";
import { cost } from "./budget.js";
import { checkPoint, verifyECDSA, type CurveName } from "./curves.js";
import { checkEd25519, checkEd448, checkX25519, checkX448, verifyEd448 } from "./edwards.js";
import { parseECDSASignature } from "./der.js";
import { attempt, malformed, type Facts } from "./facts.js";

type Hash = (b: Uint8Array) => Uint8Array;

/** What is needed of a cipher suite of MLS (RFC 9420, Section 17.1). */
export interface Suite {
  signature: string;
  hash: Hash;
  /** Check an HPKEPublicKey and a SignaturePublicKey. Throw a Refusal. */
  checkKEM(b: Uint8Array): void;
  checkSignatureKey(b: Uint8Array): void;
  verify(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** Of verifying a signature, see Budget. */
  cost: number;
}

function suite25519(): Suite {
  const checks = { checkKEM: checkX25519, checkSignatureKey: checkEd25519 };
  return { signature: "Ed25519", hash: sha256, ...checks, verify: verifyEd25519, cost: 1 };
}

function suite448(): Suite {
  const checks = { checkKEM: checkX448, checkSignatureKey: checkEd448 };
  return { signature: "Ed448", hash: sha512, ...checks, verify: verifyEd448, cost: cost.ed448 };
}

function suiteECDSA(curve: CurveName, hash: Hash, cost: number): Suite {
  const check = (b: Uint8Array) => checkPoint(curve, b);
  return {
    signature: curve,
    hash,
    checkKEM: check,
    checkSignatureKey: check,
    verify(key, message, signature) {
      const rs = attempt(() => parseECDSASignature(signature));
      return rs !== undefined && verifyECDSA(curve, key, hash(message), rs.r, rs.s);
    },
    cost,
  };
}

/** The cipher suites of RFC 9420, by their number. */
export const suites: readonly (Suite | undefined)[] = [
  undefined,
  suite25519(),
  suiteECDSA("P-256", sha256, 1),
  suite25519(),
  suite448(),
  suiteECDSA("P-521", sha512, cost.p521),
  suite448(),
  suiteECDSA("P-384", sha384, cost.p384),
];

export function suiteName(id: number): string {
  const s = suites[id];
  return s ? `suite-${id} ${s.signature}` : `suite-${id}`;
}

/** Checks a cipher suite and a SignaturePublicKey of it, its bytes without a length. */
export function inspectMLSSignature(data: Uint8Array, facts: Facts): void {
  if (data.length <= 2) malformed("not a cipher suite and a key");
  const id = new Reader(data).u16("cipher suite");
  facts.words = [suiteName(id)];
  suites[id]?.checkSignatureKey(data.subarray(2));
}

/** Encodes an opaque <V> (RFC 9420, Section 2.1.2) of less than 2^30 bytes. */
export function vector(b: Uint8Array): Uint8Array {
  const n = b.length;
  if (n < 64) return concat(Uint8Array.of(n), b);
  if (n < 1 << 14) return concat(Uint8Array.of((n >> 8) | 0x40, n), b);
  return concat(Uint8Array.of((n >> 24) | 0x80, n >> 16, n >> 8, n), b);
}

/** VerifyWithLabel (RFC 9420, Section 5.1.2). */
export function verifyWithLabel(
  s: Suite,
  key: Uint8Array,
  label: string,
  content: Uint8Array,
  signature: Uint8Array,
): boolean {
  return s.verify(key, concat(vector(encodeUtf8(`MLS 1.0 ${label}`)), vector(content)), signature);
}
