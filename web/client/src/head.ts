import { parse, Reader, Writer } from "./codec.js";
import { type Configuration, thirdPartyAuditing, writeConfiguration } from "./config.js";

/** A signed statement of the log's size and root: KEYTRANS, "Tree Head Signature". */
export interface TreeHead {
  treeSize: number;
  signature: Uint8Array;
}

/** A Third-Party Auditor's signed view of the log. The timestamp is in milliseconds. */
export interface AuditorTreeHead {
  timestamp: number;
  treeSize: number;
  signature: Uint8Array;
}

/**
 * The head in a response. `treeHead` is absent if the log goes on using the head that the user
 * advertised ("same"). `auditorTreeHead` is present with it under third-party auditing only.
 */
export interface FullTreeHead {
  treeHead?: TreeHead;
  auditorTreeHead?: AuditorTreeHead;
}

const headSame = 1;
const headUpdated = 2;

/** Reads a TreeHead. Throws a Refusal "malformed". */
export function readTreeHead(r: Reader): TreeHead {
  return { treeSize: r.u64("tree_size", "proof"), signature: r.opaque(2, "signature") };
}

/** Appends a TreeHead to what is written. */
export function writeTreeHead(w: Writer, h: TreeHead): void {
  w.u64(h.treeSize).opaque(2, h.signature);
}

/** Decodes a TreeHead. Throws a Refusal of the kind "malformed". */
export function parseTreeHead(bytes: Uint8Array): TreeHead {
  return parse(bytes, readTreeHead);
}

/** Encodes a TreeHead. */
export function encodeTreeHead(h: TreeHead): Uint8Array {
  const w = new Writer();
  writeTreeHead(w, h);
  return w.bytes();
}

function readAuditorTreeHead(r: Reader): AuditorTreeHead {
  return {
    timestamp: r.u64("auditor timestamp", "auditor"),
    treeSize: r.u64("auditor tree_size", "auditor"),
    signature: r.opaque(2, "auditor signature"),
  };
}

function writeAuditorTreeHead(w: Writer, h: AuditorTreeHead): void {
  w.u64(h.timestamp).u64(h.treeSize).opaque(2, h.signature);
}

/** Decodes an AuditorTreeHead. Throws a Refusal of the kind "malformed". */
export function parseAuditorTreeHead(bytes: Uint8Array): AuditorTreeHead {
  return parse(bytes, readAuditorTreeHead);
}

/** Encodes an AuditorTreeHead. */
export function encodeAuditorTreeHead(h: AuditorTreeHead): Uint8Array {
  const w = new Writer();
  writeAuditorTreeHead(w, h);
  return w.bytes();
}

/** Reads a FullTreeHead. Throws a Refusal "malformed". */
export function readFullTreeHead(r: Reader, c: Configuration): FullTreeHead {
  switch (r.u8("head_type")) {
    case headSame:
      return {};
    case headUpdated: {
      const treeHead = readTreeHead(r);
      return c.mode === thirdPartyAuditing
        ? { treeHead, auditorTreeHead: readAuditorTreeHead(r) }
        : { treeHead };
    }
    default:
      return r.fail("head_type");
  }
}

/** Requires an auditor's head with an updated head under third-party auditing. */
export function writeFullTreeHead(w: Writer, c: Configuration, h: FullTreeHead): void {
  if (h.treeHead === undefined) {
    w.u8(headSame);
    return;
  }
  writeTreeHead(w.u8(headUpdated), h.treeHead);
  if (c.mode !== thirdPartyAuditing) return;
  if (h.auditorTreeHead === undefined) throw new RangeError("an updated head without auditor_tree_head");
  writeAuditorTreeHead(w, h.auditorTreeHead);
}

/** Returns the bytes that a TreeHead's signature covers: the encoding of TreeHeadTBS. */
export function treeHeadTBS(c: Configuration, treeSize: number, root: Uint8Array): Uint8Array {
  const w = new Writer();
  writeConfiguration(w, c);
  return w.u64(treeSize).hash(root).bytes();
}

/** Returns the bytes that an AuditorTreeHead's signature covers. */
export function auditorTreeHeadTBS(
  c: Configuration,
  timestamp: number,
  treeSize: number,
  root: Uint8Array,
): Uint8Array {
  const w = new Writer();
  writeConfiguration(w, c);
  return w.u64(timestamp).u64(treeSize).hash(root).bytes();
}
