import { decodeBase64, decodeHex, decodeUtf8 } from "../bytes.js";
import { Refusal } from "../errors.js";

/**
 * Reads a value of JSON, which is undefined for a member that is absent or null. Throws a
 * Refusal "malformed".
 */
export type Read<T> = (value: unknown) => T;

export function malformed(what: string): Refusal {
  return new Refusal("malformed", what);
}

/** How many values JSON may have. In memory a value takes up to some hundred bytes, and in a file two. */
const maxValues = 1 << 18;

/** Parses JSON in UTF-8, with nothing after it, of at most so many bytes. */
export function parseJson(data: Uint8Array, maxSize: number): unknown {
  if (data.length > maxSize) throw malformed(`it has more than ${maxSize} bytes`);
  if (countValues(data) > maxValues) throw malformed(`it has more than ${maxValues} values`);
  const text = decodeUtf8(data);
  try {
    return JSON.parse(text);
  } catch {
    throw malformed("it is not one value of JSON");
  }
}

function countValues(data: Uint8Array): number {
  let [values, quoted, escaped] = [0, false, false];
  for (const c of data) {
    if (escaped) escaped = false;
    else if (quoted) [escaped, quoted] = [c === 0x5c, c !== 0x22];
    else if (c === 0x22) quoted = true;
    else if (c === 0x2c || c === 0x7b || c === 0x5b) values++;
  }
  return values;
}

/** Returns what reads an object that has these members and no others, by snake_case names. */
export function object<T extends object>(members: { [K in keyof T]-?: Read<T[K]> }): Read<T> {
  const readers = Object.entries<Read<unknown>>(members).map(
    ([key, read]) => [key, key.replace(/[A-Z]/g, (c) => "_" + c.toLowerCase()), read] as const,
  );
  const names = new Set(readers.map(([, name]) => name));
  return (value) => {
    const from = value ?? {};
    if (typeof from !== "object" || Array.isArray(from)) throw malformed("not an object of JSON");
    const found = new Map<string, unknown>(Object.entries(from));
    for (const name of found.keys())
      if (!names.has(name)) throw malformed("it has a field that is not known");
    const out: Record<string, unknown> = {};
    for (const [key, name, read] of readers) {
      const member = read(found.get(name) ?? undefined);
      if (member !== undefined) out[key] = member;
    }
    return out as T;
  };
}

export function optional<T>(read: Read<T>): Read<T | undefined> {
  return (value) => (value === undefined ? undefined : read(value));
}

/** Reads a list, which is empty if it is absent. */
export function list<T>(read: Read<T>): Read<T[]> {
  return (value = []) => {
    if (!Array.isArray(value)) throw malformed("not a list of JSON");
    return value.map((v: unknown) => read(v ?? undefined));
  };
}

export const string: Read<string> = (value = "") => {
  if (typeof value !== "string") throw malformed("not a string of JSON");
  return value;
};

/** Reads a number of 0 to 2^53-1. */
export const uint: Read<number> = (value = 0) => {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw malformed("not a number below 2^53");
  return value;
};

/** Reads a byte string in base64. */
export const bytes: Read<Uint8Array> = (value) => decodeBase64(string(value));

/** Reads a hash in hexadecimal, which is all zeros if it is absent. */
export const hash: Read<Uint8Array> = (value) => {
  if (value === undefined) return new Uint8Array(32);
  const text = string(value);
  if (!/^[0-9a-f]{64}$/.test(text)) throw malformed("a hash is 64 lower-case hexadecimal digits");
  return decodeHex(text);
};

/** Reads a time of RFC 3339, as it is. */
export const time: Read<string> = (value) => {
  const text = string(value);
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)$/.test(text);
  if (value !== undefined && (!isTime || Number.isNaN(Date.parse(text.replace(",", "."))))) {
    throw malformed("not a time of RFC 3339");
  }
  return text;
};

/** Reads anything, and keeps that it was there. */
export const anything: Read<true | undefined> = (value) => (value === undefined ? undefined : true);
