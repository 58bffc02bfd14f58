import { concat, decodeBase64, encodeBase64, encodeUtf8 } from "./bytes.js";
import { Refusal } from "./errors.js";
import {
  ed25519CosignatureType,
  mldsa44CosignatureType,
  parseNote,
  signatureBy,
  type Note,
  type VerifierKey,
} from "./note.js";
import { isQuorum, type Log, type Policy } from "./policy.js";
import { verifyEd25519 } from "./signature.js";

/** The head of a public log (C2SP tlog-checkpoint, "Note text"). */
export interface Checkpoint {
  /** Identifies the log. */
  origin: string;
  /** The number of entries. */
  size: number;
  /** The root of the RFC 6962 tree over them, 32 bytes. */
  root: Uint8Array;
}

/** That a witness has seen a log grow to a checkpoint. */
export interface Cosignature {
  /** What the policy calls the witness. */
  witness: string;
  /** When it signed, by its clock: milliseconds since the Unix epoch, to the second. */
  time: number;
}

/** A checkpoint whose signatures a policy has verified. */
export interface SignedCheckpoint extends Checkpoint {
  /** The signed note. */
  note: Uint8Array;
  /** The log that signed it. */
  log: Log;
  /** Those of the policy's witnesses, in its order. */
  cosignatures: Cosignature[];
  /**
   * The policy's witnesses whose signatures are on the note but were not checked, because
   * there was nothing to check ML-DSA-44 with. They count for nothing.
   */
  unchecked: string[];
}

/** Verifies an ML-DSA-44 signature (FIPS 204) without a context. Never throws. */
export type VerifyMldsa44 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** Returns the text of a checkpoint that is signed. */
export function checkpointText(c: Checkpoint): string {
  return `${c.origin}\n${c.size}\n${encodeBase64(c.root)}\n`;
}

/** Parses a checkpoint's text, and ignores extension lines. Throws a Refusal "malformed". */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = "", size = "", root64 = "", ...extensions] = text.split("\n");
  const root = decodeBase64(root64);
  // SPEC: no leading zeroes. Extension lines MUST be non-empty.
  const isText = origin !== "" && extensions.pop() === "" && !extensions.includes("");
  if (!isText || root.length !== 32) throw new Refusal("malformed", "not a checkpoint");
  return { origin, size: parseDecimal(size), root };
}

/** Returns what a checkpoint says without verifying any signature. Throws a Refusal "malformed". */
export function peekCheckpoint(signed: Uint8Array): Checkpoint {
  return parseCheckpoint(parseNote(signed).text);
}

/** Parses a decimal number without leading zeroes, below 2^53. Throws a Refusal "malformed". */
export function parseDecimal(s: string): number {
  const n = /^(0|[1-9][0-9]{0,15})$/.test(s) ? Number(s) : NaN;
  if (!Number.isSafeInteger(n)) throw new Refusal("malformed", "not a decimal number below 2^53");
  return n;
}

/**
 * Verifies a checkpoint: that a log of the policy signed it, whose origin is the
 * checkpoint's, and every cosignature of the policy's witnesses on it. That these are
 * enough is for requireQuorum to say. Signatures by other keys are ignored.
 *
 * Throws a Refusal, "malformed" or "signature": a note with a bad signature by a known
 * key is refused whole (C2SP signed-note, "Signatures").
 */
export function openCheckpoint(
  policy: Policy,
  signed: Uint8Array,
  mldsa44?: VerifyMldsa44,
): SignedCheckpoint {
  const note = parseNote(signed);
  for (const known of [...policy.logs, ...policy.witnesses]) {
    if (verifyBy(note, known.key, mldsa44) === false) {
      throw new Refusal("signature", `the signature by ${known.key.name} on the checkpoint does not verify`);
    }
  }
  const checkpoint = parseCheckpoint(note.text);
  const log = policy.logs.find((l) => l.origin === checkpoint.origin && signatureBy(note, l.key));
  if (log === undefined) throw new Refusal("signature", "no log of the policy has signed the checkpoint");
  const out: SignedCheckpoint = { ...checkpoint, note: signed, log, cosignatures: [], unchecked: [] };
  for (const w of policy.witnesses) {
    const s = signatureBy(note, w.key);
    if (s === undefined) continue;
    if (w.key.type === mldsa44CosignatureType && mldsa44 === undefined) out.unchecked.push(w.name);
    else out.cosignatures.push({ witness: w.name, time: cosignatureTime(s.signature) });
  }
  return out;
}

/** Reports whether the cosignatures on a checkpoint are enough for the policy. */
export function isWitnessed(policy: Policy, signed: SignedCheckpoint): boolean {
  return isQuorum(
    policy,
    signed.cosignatures.map((c) => c.witness),
  );
}

/** Throws a Refusal "quorum" unless the cosignatures on a checkpoint are enough for the policy. */
export function requireQuorum(policy: Policy, signed: SignedCheckpoint): void {
  if (isWitnessed(policy, signed)) return;
  const count = `${signed.cosignatures.length} of ${policy.witnesses.length}`;
  throw new Refusal("quorum", `too few of the policy's witnesses have cosigned the checkpoint: ${count}`);
}

/**
 * Verifies the signature of a key on a note. Returns undefined if there is none, or none
 * that can be checked.
 */
export function verifyBy(note: Note, key: VerifierKey, mldsa44?: VerifyMldsa44): boolean | undefined {
  const signature = signatureBy(note, key)?.signature;
  if (signature === undefined) return undefined;
  switch (key.type) {
    case ed25519CosignatureType:
      return verifyCosignature(note, key, signature);
    case mldsa44CosignatureType:
      return verifyMldsaCosignature(note, key, signature, mldsa44);
  }
  return verifyEd25519(key.publicKey, note.textBytes, signature);
}

// SPEC: cosignature/v1, the time, and the whole note body.
function verifyCosignature(note: Note, key: VerifierKey, signature: Uint8Array): boolean {
  if (signature.length !== 8 + 64) return false;
  const header = encodeUtf8(`cosignature/v1\ntime ${seconds(signature)}\n`);
  return verifyEd25519(key.publicKey, concat(header, note.textBytes), signature.subarray(8));
}

// SPEC: struct cosigned_message of tlog-cosignature, of which start is 0.
function verifyMldsaCosignature(
  note: Note,
  key: VerifierKey,
  signature: Uint8Array,
  verify: VerifyMldsa44 | undefined,
): boolean | undefined {
  if (signature.length !== 8 + 2420) return false;
  const c = parseCheckpoint(note.text);
  const [name, origin] = [encodeUtf8(key.name), encodeUtf8(c.origin)];
  if (origin.length > 255) return false;
  const range = new Uint8Array(16);
  new DataView(range.buffer).setBigUint64(8, BigInt(c.size));
  const message = concat(
    encodeUtf8("subtree/v1\n\0"),
    Uint8Array.of(name.length),
    name,
    signature.subarray(0, 8),
    Uint8Array.of(origin.length),
    origin,
    range,
    c.root,
  );
  return verify?.(key.publicKey, message, signature.subarray(8));
}

function cosignatureTime(signature: Uint8Array): number {
  const s = seconds(signature);
  // SPEC: It MUST NOT exceed 2^63 - 1. Milliseconds are exact below 2^53.
  if (s * 1000n > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new Refusal("malformed", "the time of a cosignature cannot be");
  }
  return Number(s) * 1000;
}

function seconds(signature: Uint8Array): bigint {
  return new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
}
