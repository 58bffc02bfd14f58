// The structures of KEYTRANS, "Credentials", and the request for an update, which is this
// project's extension: docs/credentials.md.
//
// The parse functions throw a Refusal of the kind "malformed", the encode functions a
// RangeError for a member that does not fit.

import { parse, Reader, Writer } from "./codec.js";
import type { Configuration } from "./config.js";
import { readTreeHead, type TreeHead, writeTreeHead } from "./head.js";
import { type PrefixProof, readPrefixProof, writePrefixProof } from "./prefixproof.js";
import * as proof from "./proof.js";
import type { BinaryLadderStep, CombinedTreeProof } from "./proof.js";
import type { MonitorMapEntry } from "./requests.js";
import { readOpening, readUpdateValue, type UpdateValue, writeOpening, writeUpdateValue } from "./value.js";

/** The version is included in the entry at the credential's position. */
export const standardCredential = 1;
/** It is included further to the right. */
export const provisionalCredential = 2;

interface CredentialBase {
  label: Uint8Array;
  version: number;
  opening: Uint8Array;
  value: UpdateValue;
  /** At most 255. */
  binaryLadder: BinaryLadderStep[];
  /** That of a recent distinguished log entry. */
  position: number;
}

/**
 * A proof of a label's greatest version that its receiver verifies against the recent
 * distinguished heads that it retains, without asking the log.
 */
export type Credential =
  | (CredentialBase & {
      type: typeof standardCredential;
      /** Looks the version up in the entry at `position`. */
      distinguished: PrefixProof;
    })
  | (CredentialBase & {
      type: typeof provisionalCredential;
      /** The head of a log that continues beyond `position`. */
      treeHead: TreeHead;
      /** Brings a user from the log that ends with `position` to it, and searches there. */
      search: CombinedTreeProof;
    });

/** Finally verifies a provisional credential: KEYTRANS, "Provisional". */
export interface CredentialUpdate {
  monitor: CombinedTreeProof;
}

/** Asks for the CredentialUpdate of a provisional credential. */
export interface CredentialUpdateRequest {
  label: Uint8Array;
  /** That of the credential's tree head. */
  treeSize: number;
  /** Where the credential's search ended, and its version. */
  terminal: MonitorMapEntry;
  /** The distinguished entry that the proof has to lead to; at least treeSize-1. */
  distinguished: number;
}

/** Encodes a Credential. */
export function encodeCredential(c: Configuration, cred: Credential): Uint8Array {
  const w = new Writer().opaque(1, cred.label).u32(cred.version);
  writeOpening(w, cred.opening);
  writeUpdateValue(w, c.mode, cred.value);
  proof.writeLadder(w, c, cred.binaryLadder);
  w.u64(cred.position).u8(cred.type);
  if (cred.type === standardCredential) {
    writePrefixProof(w, cred.distinguished);
  } else {
    writeTreeHead(w, cred.treeHead);
    proof.writeCombinedTreeProof(w, cred.search);
  }
  return w.bytes();
}

function readCredential(r: Reader, c: Configuration): Credential {
  const base: CredentialBase = {
    label: r.opaque(1, "label"),
    version: r.u32("version"),
    opening: readOpening(r),
    value: readUpdateValue(r, c.mode),
    binaryLadder: proof.readLadder(r, c),
    position: r.u64("position", "not-recent"),
  };
  const type = r.u8("credential_type");
  switch (type) {
    case standardCredential:
      return { ...base, type, distinguished: readPrefixProof(r) };
    case provisionalCredential:
      return { ...base, type, treeHead: readTreeHead(r), search: proof.readCombinedTreeProof(r) };
    default:
      return r.fail("credential_type");
  }
}

/** Decodes a Credential, which must be all there is. Throws a Refusal "malformed". */
export function parseCredential(c: Configuration, bytes: Uint8Array): Credential {
  return parse(bytes, (r) => readCredential(r, c));
}

/** Encodes a CredentialUpdate. */
export function encodeCredentialUpdate(u: CredentialUpdate): Uint8Array {
  return proof.encodeCombinedTreeProof(u.monitor);
}

/** Decodes a CredentialUpdate, which must be all there is. Throws a Refusal "malformed". */
export function parseCredentialUpdate(bytes: Uint8Array): CredentialUpdate {
  return { monitor: proof.parseCombinedTreeProof(bytes) };
}

/** Encodes a CredentialUpdateRequest. */
export function encodeCredentialUpdateRequest(q: CredentialUpdateRequest): Uint8Array {
  const w = new Writer().opaque(1, q.label).u64(q.treeSize);
  return w.u64(q.terminal.position).u32(q.terminal.version).u64(q.distinguished).bytes();
}

/** Decodes a CredentialUpdateRequest, which must be all there is. Throws a Refusal "malformed". */
export function parseCredentialUpdateRequest(bytes: Uint8Array): CredentialUpdateRequest {
  return parse(bytes, (r) => ({
    label: r.opaque(1, "label"),
    treeSize: r.u64("tree_size"),
    terminal: { position: r.u64("terminal"), version: r.u32("terminal") },
    distinguished: r.u64("distinguished"),
  }));
}
