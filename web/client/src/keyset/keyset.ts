import { compareBytes, concat, decodeUtf8, encodeUtf8 } from "../bytes.js";
import { Writer } from "../codec.js";
import { Refusal } from "../errors.js";

/** Limits of a set (docs/keyset.md, "Encoding, version 1"), in bytes or in number. */
export const maxSize = 1 << 20;
export const maxKeys = 1024;
export const maxKeySize = 256 << 10;
export const maxNameSize = 255;
/** Of a set, and of the attributes of a key. */
export const maxExtensions = 64;
/** Of one extension's data, and of all encoded attributes of one key together. */
export const maxExtensionSize = 65535;

/** "GLKS", and the version. */
export const header = Uint8Array.of(0x47, 0x4c, 0x4b, 0x53, 0, 1);

/**
 * Typed data that the container does not define: of a set (a signature by the label's
 * account key), or an attribute of a key (its purposes).
 */
export interface Extension {
  type: number;
  data: Uint8Array;
}

/** One public key. The container does not look into data, whose shape the format gives. */
export interface Key {
  format: number;
  data: Uint8Array;
  /** What its owner calls the device that holds the key; often empty. */
  name: string;
  attributes: Extension[];
}

/** The value of a label. A set of no keys is valid: the label has none at present. */
export interface KeySet {
  keys: Key[];
  extensions: Extension[];
}

/** Orders keys as the encoding does: by format, then data. */
export function compareKeys(a: Key, b: Key): number {
  return a.format - b.format || compareBytes(a.data, b.data);
}

/** Returns the data of the extension of a type, if there is one. */
export function findExtension(list: readonly Extension[], type: number): Uint8Array | undefined {
  return list.find((e) => e.type === type)?.data;
}

/**
 * Encodes a set. The order of keys and extensions does not matter: copies are sorted. Throws a
 * Refusal of the kind "malformed" for what no set can hold.
 */
export function encodeKeySet(set: KeySet): Uint8Array {
  if (set.keys.length > maxKeys) refuse(`more than ${maxKeys} keys`);
  const sorted = [...set.keys].sort(compareKeys);
  const keys: Uint8Array[] = [];
  let size = 0;
  sorted.forEach((k, i) => {
    const last = sorted[i - 1];
    if (last && compareKeys(last, k) === 0) refuse("one key twice");
    const encoded = encodeKey(k);
    size += encoded.length;
    if (size > maxSize) refuse(`more than ${maxSize} bytes`);
    keys.push(encoded);
  });
  const extensions = encodeExtensions(set.extensions);
  const out = concat(header, uint24(size), ...keys, uint24(extensions.length), extensions);
  if (out.length > maxSize) refuse(`more than ${maxSize} bytes`);
  return out;
}

function encodeKey(k: Key): Uint8Array {
  const name = encodeUtf8(k.name);
  if (decodeUtf8(name) !== k.name) refuse("a name with half a surrogate pair");
  checkKeyShape(k, name.length);
  const attributes = encodeExtensions(k.attributes);
  if (attributes.length > maxExtensionSize) refuse("too many attributes");
  const head = new Writer().u16(k.format).fixed(uint24(k.data.length)).fixed(k.data);
  return head.opaque(1, name).opaque(2, attributes).bytes();
}

function encodeExtensions(list: readonly Extension[]): Uint8Array {
  if (list.length > maxExtensions) refuse(`more than ${maxExtensions} extensions`);
  const w = new Writer();
  const sorted = [...list].sort((a, b) => a.type - b.type);
  sorted.forEach((e, i) => {
    if (sorted[i - 1]?.type === e.type) refuse("one extension twice");
    if (e.data.length > maxExtensionSize) refuse("a large extension");
    w.u16(e.type).opaque(2, e.data);
  });
  return w.bytes();
}

/** Checks what the container requires of every key, whose name has this many bytes. */
export function checkKeyShape(k: Key, nameSize: number): void {
  if (k.format === 0) refuse("format 0");
  if (k.data.length === 0) refuse("a key without data");
  if (k.data.length > maxKeySize) refuse(`a key of more than ${maxKeySize} bytes`);
  if (nameSize > maxNameSize) refuse(`a name of more than ${maxNameSize} bytes`);
  if (deceptive.test(k.name)) refuse("a name with control characters");
}

// Control characters, line separators and bidirectional controls: they could make a line of
// output say something else. Ranges, not properties, so that what decodes does not change.
const deceptive = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

function uint24(n: number): Uint8Array {
  return Uint8Array.of(n >> 16, n >> 8, n);
}

/** Refuses a key set. */
export function refuse(what: string): never {
  throw new Refusal("malformed", `malformed key set: ${what}`);
}
