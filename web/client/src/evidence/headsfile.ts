import { sha256 } from "@noble/hashes/sha2.js";

import { equalBytes } from "../bytes.js";
import { parseDistinguishedHead } from "../heads.js";
import { bytes, hash, list, malformed, object, optional, string, uint } from "./json.js";

export const headsFormat = "ghostlight-heads";

/** What the text form begins with. */
export const headsPrefix = "GHOSTLIGHT-HEADS-1:";

/** The size in bytes of the largest list of distinguished heads. */
export const maxHeadsSize = 1 << 20;

/** How many bytes the Configuration's SHA-256, and the check sum, have in the text form. */
const tagSize = 8;
const sumSize = 4;

/** A distinguished head: the root of the log that ends with an entry. */
export interface PositionedRoot {
  position: number;
  root: Uint8Array;
}

/** A list of recent distinguished heads (docs/credentials.md), of which nothing is verified. */
export interface HeadsFile {
  /** The directory's URL; the text form has none. */
  directory: string;
  /** In hexadecimal; the text form has the first 8 bytes only, in tag. */
  configurationSha256: string;
  tag?: Uint8Array | undefined;
  /** Their positions ascend, and there is one. */
  heads: PositionedRoot[];
  /** The exchange of somebody without a view, which the heads follow from, if there is one. */
  request?: Uint8Array | undefined;
  response?: Uint8Array | undefined;
}

const file = object<Omit<HeadsFile, "tag"> & { format: string; version: number }>({
  format: string,
  version: uint,
  directory: string,
  configurationSha256: string,
  heads: list(object<PositionedRoot>({ position: uint, root: hash })),
  request: optional(bytes),
  response: optional(bytes),
});

/** Reads a file of heads, of JSON that is parsed. Throws a Refusal "malformed". */
export function headsFileOf(value: unknown): HeadsFile {
  const { format, version, ...f } = file(value);
  if (version !== 1) throw malformed(`it has version ${version} of its format, which is not known`);
  if (format !== headsFormat || (f.request === undefined) !== (f.response === undefined)) {
    throw malformed("it is not a list of distinguished heads");
  }
  return checkHeads(f);
}

function checkHeads(f: HeadsFile): HeadsFile {
  const ascends = f.heads.every((h, i) => h.position > (f.heads[i - 1]?.position ?? -1));
  if (!ascends || f.heads.length === 0 || f.heads.length > 255) {
    throw malformed("a list of distinguished heads is empty or too long, or its positions do not ascend");
  }
  return f;
}

/** Returns what follows the prefix of the text form, undefined if the text has another beginning. */
export function headsTextOf(text: string): string | undefined {
  const compact = text.replace(/\s+/g, "").toUpperCase();
  return compact.startsWith(headsPrefix) ? compact.slice(headsPrefix.length) : undefined;
}

/** Reads the text form, behind its prefix. Throws a Refusal "malformed". */
export function parseHeadsText(text: string): HeadsFile {
  const all = decodeBase32(text);
  const body = all.subarray(0, Math.max(0, all.length - sumSize));
  if (body.length < tagSize + 1) throw malformed("the heads are cut off or damaged");
  if (!equalBytes(sha256(body).subarray(0, sumSize), all.subarray(body.length))) {
    throw malformed("the check sum does not match: a part is missing or mistyped");
  }
  const rest = body.subarray(tagSize);
  const size = 1 + 32 * (rest[0] ?? 0);
  const roots = parseDistinguishedHead(rest.subarray(0, size)).heads;
  const positions = decodePositions(rest.subarray(size), roots.length);
  const heads = roots.map((root, i) => ({ position: positions[i] ?? 0, root }));
  return checkHeads({ directory: "", configurationSha256: "", tag: body.slice(0, tagSize), heads });
}

/** Decodes positions: the first, then differences, as numbers of 7 bits a byte, the lowest first. */
function decodePositions(data: Uint8Array, count: number): number[] {
  const out: number[] = [];
  let at = 0;
  for (let position = 0; out.length < count; out.push(position)) {
    let b = 0x80;
    for (let scale = 1; b >= 0x80; scale *= 128) {
      b = data[at++] ?? 0x100;
      position += (b % 128) * scale;
      if (b > 0xff || !Number.isSafeInteger(position) || scale > 2 ** 49)
        throw malformed("a position is cut off or too great");
    }
  }
  if (at !== data.length) throw malformed("something follows the heads");
  return out;
}

/** Decodes base32 without padding (RFC 4648, Section 6). */
function decodeBase32(text: string): Uint8Array {
  if (!/^[A-Z2-7]*$/.test(text) || (text.length * 5) % 8 > 4)
    throw malformed("the heads are cut off or damaged");
  const out = new Uint8Array(Math.floor((text.length * 5) / 8));
  let [bits, n, at] = [0, 0, 0];
  for (const c of text) {
    bits = ((bits << 5) | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c)) & 0xfff;
    n += 5;
    if (n < 8) continue;
    n -= 8;
    out[at++] = bits >> n;
  }
  return out;
}
