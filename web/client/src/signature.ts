import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";

import { updateTBS } from "./commitment.js";
import { type Configuration, thirdPartyManagement } from "./config.js";
import { Refusal } from "./errors.js";
import { type AuditorTreeHead, auditorTreeHeadTBS, type TreeHead, treeHeadTBS } from "./head.js";
import { type CipherSuite, KT_128_SHA256_P256 } from "./suite.js";
import type { UpdateValue } from "./value.js";

/**
 * Reports whether a suite's signature of a message verifies. P-256 keys are uncompressed points
 * of 65 bytes, and signatures r and s of 32 bytes each; Ed25519 is that of RFC 8032. Throws a
 * Refusal of the kind "malformed" for a public key that cannot be used.
 */
export function verifySignature(
  suite: CipherSuite,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  throw new Refusal(
    "malformed",
    `TODO ${suite}${p256}${ed25519}${publicKey}${message}${signature}${KT_128_SHA256_P256}`,
  );
}

/**
 * Throws a Refusal of the kind "malformed" unless the keys that signatures are verified with can
 * be used. The VRF's is not one of them.
 */
export function checkPublicKeys(c: Configuration): void {
  void c;
}

/**
 * Verifies the signature of a head over a root. An ECDSA signature can be turned into another one
 * that verifies: compare heads by size and root, not by signature. Throws a Refusal of the kind
 * "signature".
 */
export function verifyTreeHead(c: Configuration, h: TreeHead, root: Uint8Array): void {
  if (!verifySignature(c.suite, c.signaturePublicKey, treeHeadTBS(c, h.treeSize, root), h.signature)) {
    throw new Refusal("signature", `the signature of the head of ${h.treeSize} entries does not verify`);
  }
}

/** Verifies the signature of an auditor's head over a root. Throws a Refusal "signature". */
export function verifyAuditorTreeHead(c: Configuration, h: AuditorTreeHead, root: Uint8Array): void {
  const tbs = auditorTreeHeadTBS(c, h.timestamp, h.treeSize, root);
  if (!verifySignature(c.suite, c.auditorPublicKey ?? new Uint8Array(), tbs, h.signature)) {
    throw new Refusal(
      "signature",
      `the signature of the auditor's head of ${h.treeSize} entries does not verify`,
    );
  }
}

/**
 * Verifies the Service Operator's signature of a value; outside third-party management there is
 * none to verify. Throws a Refusal of the kind "signature".
 */
export function verifyUpdate(c: Configuration, label: Uint8Array, version: number, u: UpdateValue): void {
  if (c.mode !== thirdPartyManagement) return;
  const tbs = updateTBS(c, label, version, u.value);
  if (!verifySignature(c.suite, c.leafPublicKey ?? new Uint8Array(), tbs, u.signature ?? new Uint8Array())) {
    throw new Refusal("signature", `the operator's signature of version ${version} does not verify`);
  }
}
