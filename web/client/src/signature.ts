// Verification of signatures: KEYTRANS, "KT Cipher Suites", "Tree Head Signature", "Auditor Tree
// Head Signature" and "Update Format".

import { mulAddUnsafe } from "@noble/curves/abstract/curve.js";
import { bytesToNumberBE, bytesToNumberLE } from "@noble/curves/utils.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";

import { concat, equalBytes } from "./bytes.js";
import { updateTBS } from "./commitment.js";
import { type Configuration, thirdPartyAuditing, thirdPartyManagement } from "./config.js";
import { decodeEdwards25519, decodeP256, edwards25519, p256, type P256Point } from "./curve.js";
import { Refusal } from "./errors.js";
import { type AuditorTreeHead, auditorTreeHeadTBS, type TreeHead, treeHeadTBS } from "./head.js";
import { type CipherSuite, KT_128_SHA256_P256 } from "./suite.js";
import type { UpdateValue } from "./value.js";

const none = new Uint8Array();

/**
 * Reports whether a signature of a message verifies under a suite's public key: ECDSA with
 * SHA-256, with an uncompressed point of 65 bytes as key and r and s of 32 bytes each as
 * signature, or Ed25519. Throws a Refusal of the kind "malformed" for a key that cannot be used.
 */
export function verifySignature(
  suite: CipherSuite,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (suite === KT_128_SHA256_P256) return verifyP256(parseP256Key(publicKey), message, signature);
  checkEd25519Key(publicKey);
  return verifyEd25519(publicKey, message, signature);
}

function parseP256Key(publicKey: Uint8Array): P256Point {
  const q = publicKey.length === 65 ? decodeP256(publicKey) : undefined;
  if (q === undefined) throw new Refusal("malformed", "the P-256 public key is not an uncompressed point");
  return q;
}

function checkEd25519Key(publicKey: Uint8Array): void {
  if (publicKey.length !== 32) throw new Refusal("malformed", "the Ed25519 public key is not 32 bytes long");
}

/**
 * ECDSA with SHA-256: FIPS 186-5, Section 6.4.2. The signature is r and s in 32 bytes each. Either
 * of the two values of s verifies, unless only the lower one is to.
 */
export function verifyP256(
  q: P256Point,
  message: Uint8Array,
  signature: Uint8Array,
  onlyLowS = false,
): boolean {
  if (signature.length !== 64) return false;
  const { BASE, Fn } = p256();
  const r = bytesToNumberBE(signature.subarray(0, 32));
  const s = bytesToNumberBE(signature.subarray(32));
  if (!Fn.isValidNot0(r) || !Fn.isValidNot0(s) || (onlyLowS && 2n * s > Fn.ORDER)) return false;
  const inverse = Fn.inv(s);
  const digest = Fn.create(bytesToNumberBE(sha256(message)));
  const point = BASE.mulAddUnsafe(Fn.mul(digest, inverse), q, Fn.mul(r, inverse));
  return !point.is0() && Fn.create(point.x) === r;
}

/**
 * Ed25519: RFC 8032, Section 5.1.7, without the cofactor, and with R compared as bytes. It
 * decides as Go's crypto/ed25519 does, also for keys and signatures that nobody makes by accident.
 */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const point = edwards25519();
  const a = decodeEdwards25519(publicKey, true);
  const s = bytesToNumberLE(signature.subarray(32));
  if (a === undefined || !point.Fn.isValid(s)) return false;
  const r = signature.subarray(0, 32);
  const k = point.Fn.create(bytesToNumberLE(sha512(concat(r, publicKey, message))));
  return equalBytes(mulAddUnsafe(point, [point.BASE, a.negate()], [s, k]).toBytes(), r);
}

/**
 * Throws a Refusal of the kind "malformed" unless the keys that signatures are verified with can
 * be used. The VRF's is not one of them.
 */
export function checkPublicKeys(c: Configuration): void {
  const check = c.suite === KT_128_SHA256_P256 ? parseP256Key : checkEd25519Key;
  check(c.signaturePublicKey);
  if (c.mode === thirdPartyManagement) check(c.leafPublicKey ?? none);
  if (c.mode === thirdPartyAuditing) check(c.auditorPublicKey ?? none);
}

function verify(
  c: Configuration,
  key: Uint8Array | undefined,
  tbs: Uint8Array,
  signature: Uint8Array | undefined,
  what: string,
): void {
  if (!verifySignature(c.suite, key ?? none, tbs, signature ?? none)) {
    throw new Refusal("signature", `${what}: signature does not verify`);
  }
}

/**
 * Verifies the signature of a head over a root. An ECDSA signature can be turned into another one
 * that verifies: compare heads by size and root, not by signature. Throws a Refusal of the kind
 * "signature", or "malformed" for a key that checkPublicKeys refuses.
 */
export function verifyTreeHead(c: Configuration, h: TreeHead, root: Uint8Array): void {
  const tbs = treeHeadTBS(c, h.treeSize, root);
  verify(c, c.signaturePublicKey, tbs, h.signature, `the head of ${h.treeSize} entries`);
}

/** Verifies the signature of an auditor's head over a root. Throws as verifyTreeHead does. */
export function verifyAuditorTreeHead(c: Configuration, h: AuditorTreeHead, root: Uint8Array): void {
  const tbs = auditorTreeHeadTBS(c, h.timestamp, h.treeSize, root);
  verify(c, c.auditorPublicKey, tbs, h.signature, `the auditor's head of ${h.treeSize} entries`);
}

/**
 * Verifies the Service Operator's signature of a value; outside third-party management there is
 * none to verify. Throws as verifyTreeHead does.
 */
export function verifyUpdate(c: Configuration, label: Uint8Array, version: number, u: UpdateValue): void {
  if (c.mode !== thirdPartyManagement) return;
  const tbs = updateTBS(c, label, version, u.value);
  verify(c, c.leafPublicKey, tbs, u.signature, `the operator's value of version ${version}`);
}
