import { sha256 } from "@noble/hashes/sha2.js";

import { concat, decodeBase64, decodeHex, encodeBase64, encodeHex, equalBytes } from "../bytes.js";
import { Refusal } from "../errors.js";
import { encodeDistinguishedHead, parseDistinguishedHead } from "../heads.js";
import type { ListedHead } from "../results.js";
import { readObject, stringField } from "./strictjson.js";

/** What people give each other of the recent distinguished heads: docs/credentials.md. */
export interface HeadsFile {
  /** The SHA-256 of the directory's Configuration, in hexadecimal; "another" if it is not the given one. */
  readonly configuration: string;
  readonly heads: readonly ListedHead[];
  /** The exchange of somebody without a view: the heads that count are those that follow from it. */
  readonly signed: { readonly request: Uint8Array; readonly response: Uint8Array } | undefined;
}

const format = "ghostlight-heads";
const prefix = "GHOSTLIGHT-HEADS-1:";
const maxSize = 1 << 20;
const tagSize = 8; // of the Configuration's SHA-256 in the text
const sumSize = 4; // of the check sum: whoever types it makes mistakes

/** Returns the list as a file. */
export function encodeHeadsFile(directory: string, f: HeadsFile): string {
  const file = {
    format,
    version: 1,
    directory,
    configuration_sha256: f.configuration,
    heads: f.heads.map((h) => ({ position: h.position, root: encodeHex(h.root) })),
    ...(f.signed && { request: encodeBase64(f.signed.request), response: encodeBase64(f.signed.response) }),
  };
  return JSON.stringify(file, undefined, 2) + "\n";
}

/** Returns the list as text. All of it is in the alphanumeric set of QR codes. */
export function encodeHeadsText(configuration: Uint8Array, heads: readonly ListedHead[]): string {
  const positions = heads.map((h, i) => uvarint(h.position - (heads[i - 1]?.position ?? 0)));
  const list = encodeDistinguishedHead({ heads: heads.map((h) => h.root) });
  const data = concat(sha256(configuration).subarray(0, tagSize), list, ...positions);
  return prefix + base32(concat(data, sha256(data).subarray(0, sumSize)));
}

/** Reads a list of heads in either form. Throws a Refusal "malformed". */
export function decodeHeads(input: string, configuration: Uint8Array): HeadsFile {
  if (input.length > maxSize) refuse(`it is larger than ${maxSize} bytes`);
  const text = input.replace(/\s+/g, "").toUpperCase();
  const file = text.startsWith(prefix)
    ? decodeText(text.slice(prefix.length), configuration)
    : decodeFile(input);
  const { heads } = file;
  if (heads.length === 0) refuse("it is empty");
  if (heads.some((h, i) => h.position <= (heads[i - 1]?.position ?? -1)))
    refuse("its positions do not ascend");
  return file;
}

function refuse(why: string): never {
  throw new Refusal("malformed", `this is not a list of distinguished heads: ${why}`);
}

function decodeFile(input: string): HeadsFile {
  const fields = ["configuration_sha256", "heads", "request", "response"];
  const object = readObject(input, maxSize, [format], fields);
  const list = object["heads"];
  if (!Array.isArray(list) || list.length > 255) refuse("it has no heads, or too many");
  const heads = list.map((one): ListedHead => {
    const { position, root } = Object(one) as Record<string, unknown>;
    if (!Number.isSafeInteger(position) || Number(position) < 0) refuse("a position is none");
    if (typeof root !== "string" || !/^[0-9a-f]{64}$/.test(root)) refuse("a root is none");
    return { position: Number(position), time: undefined, root: decodeHex(root) };
  });
  const isSigned = object["request"] !== undefined || object["response"] !== undefined;
  const signed = isSigned
    ? {
        request: decodeBase64(stringField(object, "request")),
        response: decodeBase64(stringField(object, "response")),
      }
    : undefined;
  return { configuration: stringField(object, "configuration_sha256"), heads, signed };
}

function decodeText(text: string, configuration: Uint8Array): HeadsFile {
  const all = unbase32(text);
  const data = all.subarray(0, -sumSize);
  if (
    all.length < tagSize + 1 + sumSize ||
    !equalBytes(sha256(data).subarray(0, sumSize), all.subarray(-sumSize))
  ) {
    refuse("its check sum does not match, so a part is missing or mistyped");
  }
  const digest = sha256(configuration);
  const isOurs = equalBytes(digest.subarray(0, tagSize), data.subarray(0, tagSize));
  const size = 1 + (data[tagSize] ?? 0) * 32;
  const { heads: roots } = parseDistinguishedHead(data.subarray(tagSize, tagSize + size));
  const heads: ListedHead[] = [];
  let at = tagSize + size;
  let position = 0;
  for (const root of roots) {
    const [delta, next] = readUvarint(data, at);
    position += delta;
    at = next;
    if (!Number.isSafeInteger(position)) refuse("a position is none");
    heads.push({ position, time: undefined, root });
  }
  if (at !== data.length) refuse("something follows its end");
  return { configuration: isOurs ? encodeHex(digest) : "another", heads, signed: undefined };
}

/** An unsigned number in groups of 7 bits, the lowest first. */
function uvarint(n: number): Uint8Array {
  const out: number[] = [];
  for (; n >= 128; n = Math.floor(n / 128)) out.push((n % 128) + 128);
  return Uint8Array.from([...out, n]);
}

function readUvarint(data: Uint8Array, at: number): [number, number] {
  let [value, scale] = [0, 1];
  for (let i = at; i < Math.min(data.length, at + 8); i++, scale *= 128) {
    const b = data[i] ?? 0;
    value += (b % 128) * scale;
    if (b < 128) return [value, i + 1];
  }
  return refuse("a position is cut off");
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** RFC 4648, Section 6, without padding. */
function base32(bytes: Uint8Array): string {
  let [out, bits, value] = ["", 0, 0];
  for (const b of bytes) {
    value = (value << 8) | b;
    for (bits += 8; bits >= 5; bits -= 5) out += alphabet[(value >> (bits - 5)) & 31];
    value &= 0xff;
  }
  return bits > 0 ? out + alphabet[(value << (5 - bits)) & 31] : out;
}

function unbase32(text: string): Uint8Array {
  const out = new Uint8Array(Math.floor((text.length * 5) / 8));
  let [at, bits, value] = [0, 0, 0];
  for (const c of text) {
    const digit = alphabet.indexOf(c);
    if (digit < 0) refuse("it is cut off or damaged");
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) out[at++] = value >> (bits -= 8);
  }
  return out;
}
