import { decodeUtf8 } from "../bytes.js";
import { Reader } from "../codec.js";
import { Refusal } from "../errors.js";
import {
  checkKeyShape,
  compareKeys,
  header,
  maxExtensions,
  maxKeys,
  maxSize,
  refuse,
  type Extension,
  type Key,
  type KeySet,
} from "./keyset.js";

/** The value is not damaged, but of a kind that is newer than this program. */
export class NewerRefusal extends Refusal {
  constructor(message: string) {
    super("malformed", message);
    this.name = "NewerRefusal";
  }
}

/**
 * Decodes a key set. Only the one canonical encoding is accepted: in order, without
 * duplicates, within the limits, and with nothing after it. Whether data has the shape of its
 * format is not looked at, so that one bad key does not hide the others.
 *
 * Throws a Refusal of the kind "malformed": a NewerRefusal for a version that is not known.
 */
export function parseKeySet(bytes: Uint8Array): KeySet {
  if (bytes.length > maxSize) refuse(`more than ${maxSize} bytes`);
  const r = new Reader(bytes);
  const magic = r.fixed(4, "magic");
  if (!magic.every((v, i) => v === header[i])) refuse("it does not begin with GLKS");
  const version = r.u16("version");
  if (version !== 1) throw new NewerRefusal(`a key set of version ${version}`);
  const keys = vector24(r, "keys");
  const extensions = vector24(r, "extensions");
  r.end();
  return { keys: parseKeys(new Reader(keys)), extensions: parseExtensions(new Reader(extensions)) };
}

function vector24(r: Reader, field: string): Uint8Array {
  return r.fixed((r.u8(field) << 16) | r.u16(field), field);
}

function parseKeys(r: Reader): Key[] {
  const keys: Key[] = [];
  while (r.remaining > 0) {
    if (keys.length === maxKeys) refuse(`more than ${maxKeys} keys`);
    const k = parseKey(r);
    const last = keys.at(-1);
    if (last && compareKeys(last, k) >= 0) refuse("keys twice, or not in order");
    keys.push(k);
  }
  return keys;
}

function parseKey(r: Reader): Key {
  const format = r.u16("format");
  const data = vector24(r, "data");
  const name = r.opaque(1, "name");
  const attributes = new Reader(r.opaque(2, "attributes"));
  const k: Key = { format, data, name: decodeUtf8(name), attributes: [] };
  checkKeyShape(k, name.length);
  k.attributes = parseExtensions(attributes);
  return k;
}

function parseExtensions(r: Reader): Extension[] {
  const list: Extension[] = [];
  while (r.remaining > 0) {
    if (list.length === maxExtensions) refuse(`more than ${maxExtensions} extensions`);
    const e = { type: r.u16("extension type"), data: r.opaque(2, "extension data") };
    const last = list.at(-1);
    if (last && last.type >= e.type) refuse("extensions twice, or not in order");
    list.push(e);
  }
  return list;
}
