import { sha256 } from "@noble/hashes/sha2.js";

import { concat, decodeBase64, decodeUtf8, encodeUtf8, equalBytes } from "./bytes.js";
import { Refusal } from "./errors.js";

/** Types of signatures (C2SP signed-note, "Signature types"). */
export const ed25519Type = 0x01;
/** The types of cosignatures, among these. */
export const ed25519CosignatureType = 0x04;
export const mldsa44CosignatureType = 0x06;

/** The size in bytes of the largest note that is read. */
export const maxNoteSize = 512 << 10;

/** How many signatures a note may have. */
export const maxSignatures = 100;

/** A key of a log or witness (C2SP signed-note, "Verifier keys"). */
export interface VerifierKey {
  /** The name of the key; of a log's, its origin. */
  name: string;
  /** The first four bytes of the hash of the name and key. */
  keyId: number;
  /** The signature type, one of those above. */
  type: number;
  publicKey: Uint8Array;
  /** The key as it was given. */
  text: string;
}

/** A signature line of a note, of which nothing is verified. */
export interface NoteSignature {
  name: string;
  keyId: number;
  /** What follows the key ID. */
  signature: Uint8Array;
}

/** A text with signatures (C2SP signed-note, "Format"). */
export interface Note {
  /** What is signed, with its final newline. */
  text: string;
  textBytes: Uint8Array;
  /** In the order of the note, with repeated ones. */
  signatures: NoteSignature[];
}

/**
 * Parses a verifier key, NAME+KEYID+KEY, and verifies that the key ID is that of its
 * name and key. Throws a Refusal "malformed".
 */
export function parseVerifierKey(text: string): VerifierKey {
  const [name = "", id = "", ...rest] = text.split("+");
  // The key is in base64, where a plus is a digit.
  const key = decodeBase64(rest.join("+"));
  const type = key[0] ?? 0;
  if (!isKeyName(name) || !/^[0-9a-f]{8}$/.test(id)) {
    throw new Refusal("malformed", "not a verifier key: it should be NAME+KEYID+KEY");
  }
  const publicKey = key.subarray(1);
  checkKey(name, type, publicKey.length);
  const keyId = parseInt(id, 16);
  if (readUint32(sha256(concat(encodeUtf8(name + "\n"), key))) !== keyId) {
    throw new Refusal("malformed", "the verifier key's ID does not fit its name and key");
  }
  return { name, keyId, type, publicKey, text };
}

const keySizes = new Map([
  [ed25519Type, 32],
  [ed25519CosignatureType, 32],
  [mldsa44CosignatureType, 1312],
]);

function checkKey(name: string, type: number, size: number): void {
  if (keySizes.get(type) !== size) {
    throw new Refusal("malformed", `a key of signature type ${type} with ${size} bytes is not supported`);
  }
  // SPEC (tlog-cosignature): opaque cosigner_name<1..2^8-1>
  if (type === mldsa44CosignatureType && encodeUtf8(name).length > 255) {
    throw new Refusal("malformed", "the name of the key has more than 255 bytes");
  }
}

/**
 * Reads a signed note without verifying any signature. Throws a Refusal "malformed".
 */
export function parseNote(signed: Uint8Array): Note {
  const malformed = (why: string) => new Refusal("malformed", `not a signed note: ${why}`);
  if (signed.length > maxNoteSize) throw malformed(`it has more than ${maxNoteSize} bytes`);
  const all = decodeUtf8(signed);
  // SPEC: Signed notes MUST NOT contain any ASCII control characters other than newline.
  if (/[\0-\x09\x0b-\x1f]/.test(all)) throw malformed("it has control characters");
  const split = all.lastIndexOf("\n\n") + 1;
  const lines = all.slice(split + 1).split("\n");
  if (split === 0 || lines.length < 2 || lines.pop() !== "") throw malformed("it has no signature lines");
  if (lines.length > maxSignatures) throw malformed(`it has more than ${maxSignatures} signatures`);
  const text = all.slice(0, split);
  return { text, textBytes: encodeUtf8(text), signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): NoteSignature {
  const [, name = "", base64 = ""] = /^\u2014 ([^ ]*) (.*)$/.exec(line) ?? [];
  const bytes = decodeSloppyBase64(base64);
  if (!isKeyName(name) || bytes === undefined || bytes.length < 5) {
    throw new Refusal("malformed", "not a signed note: a signature line is not NAME and a signature");
  }
  return { name, keyId: readUint32(bytes), signature: bytes.subarray(4) };
}

/** Returns the first signature of a key, which is the one that counts. */
export function signatureBy(note: Note, key: VerifierKey): NoteSignature | undefined {
  return note.signatures.find((s) => s.name === key.name && s.keyId === key.keyId);
}

/** Reports whether two keys are the same, or cannot be told apart by their signatures. */
export function sameKey(a: VerifierKey, b: VerifierKey): boolean {
  return equalBytes(a.publicKey, b.publicKey) || (a.name === b.name && a.keyId === b.keyId);
}

// SPEC: Key names MUST be non-empty and MUST NOT contain any Unicode spaces or plus.
// The set is Unicode's White_Space, of which \s lacks one and has one too many, and Cs,
// which no UTF-8 has.
function isKeyName(name: string): boolean {
  return /^[^\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+\p{Cs}]+$/u.test(name);
}

/**
 * Decodes base64 of which the unused bits of the last digit need not be zero. Notes are
 * signed text: what surrounds the bytes of a signature changes nothing.
 */
function decodeSloppyBase64(s: string): Uint8Array | undefined {
  if (s.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(s)) return undefined;
  return Uint8Array.from(atob(s), (c) => c.charCodeAt(0));
}

function readUint32(b: Uint8Array): number {
  return new DataView(b.buffer, b.byteOffset).getUint32(0);
}
