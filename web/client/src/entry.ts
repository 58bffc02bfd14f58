import { sha256 } from "@noble/hashes/sha2.js";

import { parse, Reader, Writer } from "./codec.js";

/**
 * A leaf of the log: the state of the prefix tree at a time, in milliseconds since the Unix
 * epoch. KEYTRANS, "Log Tree".
 */
export interface LogEntry {
  timestamp: number;
  prefixTree: Uint8Array;
}

/** A log entry and its position. */
export interface Entry extends LogEntry {
  position: number;
}

/** The size in bytes of an encoded LogEntry. */
export const logEntrySize = 40;

/** Reads a LogEntry. Throws a Refusal "malformed". */
export function readLogEntry(r: Reader): LogEntry {
  return { timestamp: r.u64("timestamp"), prefixTree: r.hash("prefix_tree") };
}

/** Decodes a LogEntry. Throws a Refusal of the kind "malformed". */
export function parseLogEntry(bytes: Uint8Array): LogEntry {
  return parse(bytes, readLogEntry);
}

/** Encodes a LogEntry. */
export function encodeLogEntry(e: LogEntry): Uint8Array {
  return new Writer().u64(e.timestamp).hash(e.prefixTree).bytes();
}

/** Returns the value of the entry's leaf in the log tree. */
export function logEntryHash(e: LogEntry): Uint8Array {
  return sha256(encodeLogEntry(e));
}
