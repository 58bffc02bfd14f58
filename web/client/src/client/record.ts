import { sha256 } from "@noble/hashes/sha2.js";

import { decodeBase64, encodeBase64, encodeHex, encodeUtf8 } from "../bytes.js";

/** The error for a record that was written whole and is not any more. */
export class DamageError extends Error {
  override readonly name = "DamageError";
}

/** The error for a record of a later version of this program. */
export class VersionError extends Error {
  override readonly name = "VersionError";
}

const bytesKey = "$b";
const mapKey = "$m";

/** Byte strings and maps are not JSON: each is an object with one key. */
function replace(_: string, value: unknown): unknown {
  if (value instanceof Map) return { [mapKey]: [...value] };
  return value instanceof Uint8Array ? { [bytesKey]: encodeBase64(value) } : value;
}

function revive(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (bytesKey in value) return decodeBase64(String(value[bytesKey]));
  return mapKey in value ? new Map(value[mapKey] as [unknown, unknown][]) : value;
}

/**
 * Returns a record: its format and version, a SHA-256 of all that, and the value in
 * JSON. The value may have byte strings and maps in it.
 */
export function seal(format: string, version: number, value: unknown): string {
  const body = JSON.stringify(value, replace);
  return `${format} ${version} ${checksum(format, version, body)}\n${body}`;
}

function checksum(format: string, version: number, body: string): string {
  return encodeHex(sha256(encodeUtf8(`${format} ${version}\n${body}`)));
}

/**
 * Returns the value in a record that seal wrote. Whoever can write records can make its
 * reader believe anything: this tells damage, and not an attack. Throws a DamageError, or
 * a VersionError for a version above the given one.
 */
export function unseal<T>(format: string, version: number, record: string): T {
  const [head = "", body = ""] = splitOnce(record);
  const [name, number, sum] = head.split(" ");
  if (name !== format || !/^\d{1,4}$/.test(number ?? ""))
    throw new DamageError("it is not a record of that format");
  if (Number(number) > version)
    throw new VersionError(`it has version ${number}, and this program knows ${version}`);
  if (checksum(format, Number(number), body) !== sum) throw new DamageError("its checksum does not match");
  try {
    return JSON.parse(body, revive) as T;
  } catch (cause) {
    throw new DamageError("it cannot be read", { cause });
  }
}

function splitOnce(record: string): string[] {
  const at = record.indexOf("\n");
  return at < 0 ? [record] : [record.slice(0, at), record.slice(at + 1)];
}
