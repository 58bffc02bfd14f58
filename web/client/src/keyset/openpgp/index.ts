import { sha1 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";

import { concat, encodeHex } from "../../bytes.js";
import { Reader } from "../../codec.js";
import type { Budget } from "../budget.js";
import { attempt, malformed, type Facts } from "../facts.js";
import { judgeKey } from "./judge.js";
import { readKey, uint32 } from "./key.js";
import { primaryBody, splitCertificate } from "./packets.js";
import { judgeCertificate } from "./selfsignatures.js";

/** The primary key's fingerprint, upper-case hex: version 4 SHA-1, version 6 SHA-256; undefined for what is none. */
export function openPGPFingerprint(data: Uint8Array): string | undefined {
  return attempt(() => {
    const { fingerprint } = readPrimary(data);
    // Two certificates in a row must not pass for the first: who reads keyrings encrypts to both.
    splitCertificate(data);
    return fingerprint;
  });
}

/** What the packet at the start of a certificate says, whatever its algorithm. */
interface Primary {
  fingerprint: string;
  words: string[];
}

function readPrimary(data: Uint8Array): Primary {
  const body = primaryBody(data);
  const r = new Reader(body);
  const [version, created, algorithm] = [r.u8("version"), r.u32("creation time"), r.u8("algorithm")];
  if (version === 6 && r.remaining >= 4) r.u32("octet count");
  const date = new Date(created * 1000).toISOString().slice(0, 10);
  const words = [algorithmName(algorithm, r), date];
  return { fingerprint: encodeHex(fingerprintOf(version, body)).toUpperCase(), words };
}

function fingerprintOf(version: number, body: Uint8Array): Uint8Array {
  const size = body.length;
  if (version === 6) return sha256(concat(Uint8Array.of(0x9b), uint32(size), body));
  if (version !== 4 || size > 0xffff) malformed("a key of another version, or too large");
  return sha1(concat(Uint8Array.of(0x99, size >> 8, size), body));
}

const algorithmNames: Record<number, string> = {
  1: "RSA",
  2: "RSA",
  3: "RSA",
  17: "DSA",
  19: "ECDSA",
  22: "EdDSA",
  27: "Ed25519",
  28: "Ed448",
};

/** Of RSA and DSA, with the size of the first number. */
function algorithmName(algorithm: number, r: Reader): string {
  const name = algorithmNames[algorithm] ?? `algorithm-${algorithm}`;
  return name === "RSA" || name === "DSA" ? `${name}-${r.remaining < 2 ? 0 : r.u16("MPI")}` : name;
}

/**
 * Checks the structure of a certificate and the numbers of its keys, and finds out from the
 * signatures that verify what becomes of it when.
 */
export function inspectOpenPGP(data: Uint8Array, facts: Facts, budget: Budget): void {
  const primary = readPrimary(data);
  facts.words = primary.words;
  const cert = splitCertificate(data);
  const key = readKey(cert.primary.body);
  if (!key) return; // of an algorithm that is not known
  if (encodeHex(key.fingerprint).toUpperCase() !== primary.fingerprint) {
    malformed("not the one encoding of this OpenPGP key");
  }
  judgeKey(key, facts);
  judgeCertificate(key, cert, facts, budget);
}
