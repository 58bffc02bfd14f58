// Byte strings and their text encodings. All decoders are strict: what they accept is
// exactly what the encoder would have written.

import { Refusal } from "./errors.js";

/** Returns the byte strings one after the other, in memory of their own. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const p of parts) size += p.length;
  const out = new Uint8Array(size);
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

/** Reports whether two byte strings are the same. Not for secrets: its time depends on them. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((v, i) => v === b[i]);
}

/** Orders byte strings as dictionaries do: negative if `a` comes first, 0 if they are the same. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const d = (a[i] ?? 0) - (b[i] ?? 0);
    if (d !== 0) return d;
  }
  return a.length - b.length;
}

/** Returns lower-case hexadecimal. */
export function encodeHex(b: Uint8Array): string {
  let out = "";
  for (const v of b) out += v.toString(16).padStart(2, "0");
  return out;
}

/** Decodes hexadecimal of either case. Throws a Refusal of the kind "malformed". */
export function decodeHex(s: string): Uint8Array {
  if (s.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(s)) throw new Refusal("malformed", "not hexadecimal");
  const out = new Uint8Array(s.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = parseInt(s.slice(2 * i, 2 * i + 2), 16);
  return out;
}

/** Returns base64 with padding: RFC 4648, Section 4. */
export function encodeBase64(b: Uint8Array): string {
  let binary = "";
  for (const v of b) binary += String.fromCharCode(v);
  return btoa(binary);
}

/**
 * Decodes base64 with padding, without white space and with no bits set behind the last byte.
 * Throws a Refusal of the kind "malformed".
 */
export function decodeBase64(s: string): Uint8Array {
  let binary: string;
  try {
    binary = atob(s);
  } catch {
    throw new Refusal("malformed", "not base64");
  }
  // atob forgives white space, absent padding and stray bits.
  if (btoa(binary) !== s) throw new Refusal("malformed", "not canonical base64");
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < out.length; i++) out[i] = binary.charCodeAt(i);
  return out;
}

/** Returns the UTF-8 encoding. A lone surrogate becomes U+FFFD, as everywhere on the web. */
export function encodeUtf8(s: string): Uint8Array {
  return new TextEncoder().encode(s);
}

/** Decodes UTF-8, and keeps a byte order mark. Throws a Refusal of the kind "malformed". */
export function decodeUtf8(b: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(b);
  } catch {
    throw new Refusal("malformed", "not UTF-8");
  }
}
