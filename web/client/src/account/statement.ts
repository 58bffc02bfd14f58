import { bytesToNumberBE } from "@noble/curves/utils.js";

import { concat, encodeUtf8 } from "../bytes.js";
import { Writer } from "../codec.js";
import { decodeP256, p256 } from "../curve.js";
import { Refusal } from "../errors.js";
import { verifyEd25519, verifySignature } from "../signature.js";
import { KT_128_SHA256_P256 } from "../suite.js";
import type { AccountKey } from "./key.js";

/**
 * What a statement means. A signature over one kind is none over any other. Kinds 4 and 5 are
 * about groups (docs/groups.md).
 */
export const Kind = {
  version: 1,
  announcement: 2,
  attestation: 3,
  addition: 4,
  group: 5,
  rotation: 6,
} as const;

/** What an account key signs (docs/account.md, "What is signed"). */
export interface Statement {
  kind: number;
  /** Exactly as in the directory, 1 to 255 bytes. */
  label: Uint8Array;
  version: number;
  /** The commitment of the version before: zeros for version 0, attestations and additions. */
  previous: Uint8Array;
  /** SHA-256 of what is stated. */
  body: Uint8Array;
  /** What else is stated, in the kind's own encoding: at most 65,535 bytes. */
  detail: Uint8Array;
}

const context = encodeUtf8("Ghostlight account v1\0");

/** Returns the bytes that are signed. Throws a Refusal for what no statement can say. */
export function encodeStatement(s: Statement): Uint8Array {
  if (!canBeStated(s)) {
    throw new Refusal("malformed", "a statement without a kind, or with a label or a detail of a wrong size");
  }
  const w = new Writer().fixed(context).u8(s.kind).opaque(1, s.label).u32(s.version);
  return w.hash(s.previous).hash(s.body).opaque(2, s.detail).bytes();
}

function canBeStated(s: Statement): boolean {
  return s.kind !== 0 && s.label.length > 0 && s.label.length <= 255 && s.detail.length <= 65535;
}

/** Reports whether a signature over a statement is the key's. */
export function verifyStatement(s: Statement, key: AccountKey, signature: Uint8Array): boolean {
  return canBeStated(s) && verifyMessage(key, encodeStatement(s), signature);
}

/**
 * Reports whether a signature over a message is the key's. There is one value of each
 * signature: another encoding of it, or for ECDSA the other s, does not verify.
 */
export function verifyMessage(key: AccountKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (key.algorithm === 1) return verifyEd25519(key.public, message, signature);
  const point = decodeP256(key.public)?.toBytes(false);
  const compact = readDER(signature);
  if (!point || !compact || bytesToNumberBE(compact.subarray(32)) > p256().Fn.ORDER >> 1n) return false;
  return verifySignature(KT_128_SHA256_P256, point, message, compact);
}

/**
 * Reads an Ecdsa-Sig-Value in DER and returns r and s in 32 bytes each. Undefined if it is not
 * the one encoding of two positive numbers; that they are below the order is not checked.
 */
function readDER(b: Uint8Array): Uint8Array | undefined {
  if (b.length > 72 || b[0] !== 0x30 || b[1] !== b.length - 2) return undefined;
  const numbers: Uint8Array[] = [];
  let at = 2;
  for (let i = 0; i < 2; i++) {
    const size = b[at + 1] ?? 0;
    const number = b.subarray(at + 2, at + 2 + size);
    const [first = 0x80, second = 0x80] = number;
    // Not negative, no zero in front that is not needed, and not too long for 32 bytes.
    const padded = first === 0 && number.length > 1;
    if (b[at] !== 2 || number.length !== size || first & 0x80 || (padded && !(second & 0x80)))
      return undefined;
    const digits = padded ? number.subarray(1) : number;
    if (digits.length > 32) return undefined;
    numbers.push(new Uint8Array(32 - digits.length), digits);
    at += 2 + size;
  }
  return at === b.length ? concat(...numbers) : undefined;
}
