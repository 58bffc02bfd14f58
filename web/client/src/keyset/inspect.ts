import { sha256 } from "@noble/hashes/sha2.js";

import { encodeBase64, encodeHex } from "../bytes.js";
import { Refusal } from "../errors.js";
import { ageFingerprint, inspectAge } from "./age.js";
import { budgetOfKey, type Budget } from "./budget.js";
import { checkEd25519, checkX25519 } from "./edwards.js";
import { attempt, KeyRefusal, latin1, malformed, type Facts, type Inspect } from "./facts.js";
import { attributePurpose } from "./format.js";
import { inspectJWK, jwkThumbprint } from "./jwk.js";
import { inspectKeyPackage, keyPackageRef } from "./keypackage.js";
import { findExtension, type Key } from "./keyset.js";
import { inspectMLSSignature } from "./mls.js";
import { inspectOpenPGP, openPGPFingerprint } from "./openpgp/index.js";
import { checkMLKEM, checkP256, checkSignal, mlkem1024Size, mlkem768Size } from "./raw.js";
import { inspectSSH, sshType } from "./ssh.js";
import { inspectX509, x509Fingerprint } from "./x509.js";

/** What is known of a format. */
interface Rules {
  inspect: Inspect;
  /** Undefined for data that does not have the format's shape. It passes for more than inspect. */
  fingerprint?(data: Uint8Array): string | undefined;
}

/** The rules of each format, by its number. */
const rules: readonly (Rules | undefined)[] = [
  undefined,
  { inspect: inspectOpenPGP, fingerprint: openPGPFingerprint },
  { inspect: inspectSSH, fingerprint: sshFingerprint },
  { inspect: inspectAge, fingerprint: ageFingerprint },
  { inspect: inspectX509, fingerprint: x509Fingerprint },
  { inspect: inspectJWK, fingerprint: jwkThumbprint },
  { inspect: checkEd25519 },
  { inspect: checkX25519 },
  { inspect: checkP256 },
  { inspect: (data) => checkMLKEM(data, mlkem768Size) },
  { inspect: (data) => checkMLKEM(data, mlkem1024Size) },
  { inspect: checkSignal },
  { inspect: inspectMLSSignature },
  { inspect: inspectKeyPackage, fingerprint: keyPackageRef },
];

function sshFingerprint(blob: Uint8Array): string | undefined {
  if (attempt(() => sshType(blob)) === undefined) return undefined;
  return `SHA256:${encodeBase64(sha256(blob)).replaceAll("=", "")}`;
}

/**
 * Returns the key's fingerprint by its format's own rule (docs/keyset.md, "Formats"). It does
 * not vouch for all of data: an OpenPGP fingerprint is the primary key's alone.
 */
export function fingerprint(key: Key): string {
  return rules[key.format]?.fingerprint?.(key.data) ?? encodeHex(sha256(key.data));
}

/**
 * Checks whether data is a key of its format (docs/keyset.md, "What makes a key valid").
 * Formats and algorithms that are not known pass.
 *
 * Throws a Refusal of the kind "malformed": a KeyRefusal for a private key, and for one of
 * which too little is known.
 */
export function checkKey(key: Key): void {
  const purposes = findExtension(key.attributes, attributePurpose);
  if (purposes && !arePurposes(purposes)) malformed("purposes that are not in ascending order from 1");
  inspect(key, { words: [], revoked: false, weak: [] }, { left: budgetOfKey, cut: false });
}

/** One or more octets, each greater than the one before, from 1. */
export function arePurposes(b: Uint8Array): boolean {
  return b.length > 0 && b.every((p, i) => p > (b[i - 1] ?? 0));
}

/** How the files of private keys of several formats begin. They do not occur in public ones. */
const secretMarks = [
  "PRIVATE KEY-----",
  "PRIVATE KEY BLOCK-----",
  "openssh-key-v1\0",
  "AGE-SECRET-KEY-",
  "PuTTY-User-Key-File",
];

/** Finds out what can be found out about a key. Throws what checkKey throws. */
function inspect(key: Key, facts: Facts, budget: Budget): void {
  const head = latin1(key.data.subarray(0, 256));
  if (secretMarks.some((mark) => head.includes(mark))) {
    throw new KeyRefusal("private-key", "the file of a PRIVATE key");
  }
  try {
    rules[key.format]?.inspect(key.data, facts, budget);
  } finally {
    if (budget.cut) facts.weak.push("unchecked");
  }
}

/** Returns what can be found out about a key, whatever is wrong with it. */
export function factsOf(key: Key, budget: Budget): Facts {
  const facts: Facts = { words: [], revoked: false, weak: [] };
  try {
    inspect(key, facts, budget);
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    if (!(e instanceof KeyRefusal)) facts.weak.push("malformed");
    else if (e.reason === "private-key") facts.weak.push("private-key");
  }
  return facts;
}
