import { sha512 } from "@noble/hashes/sha2.js";

import { decodeHex, encodeUtf8 } from "../bytes.js";
import { Writer } from "../codec.js";
import { Refusal } from "../errors.js";
import { compareText } from "./order.js";

/** What one label contributes to a digest. */
export interface DigestEntry {
  /** Normalized, at most 65,535 bytes. */
  label: string;
  version: number;
  /** Hex. */
  valueSHA256: string;
}

const qrPrefix = "GHOSTLIGHT-ROSTER:1:";

/**
 * Returns the digest of a roster's proven labels, in any order: sixty decimal digits
 * (docs/roster.md, "The digest"). Members who are shown another set of labels, another version
 * of one or another value get other digits.
 *
 * Throws a Refusal of the kind "malformed": there is none without entries, with a label twice,
 * or of a value that is not known.
 */
export function rosterDigest(entries: readonly DigestEntry[]): string {
  if (entries.length === 0) refuse("no labels");
  const sorted = [...entries].sort((a, b) => compareText(a.label, b.label));
  const w = new Writer().fixed(encodeUtf8("Ghostlight roster digest v1\0")).u32(sorted.length);
  sorted.forEach((e, i) => {
    if (sorted[i - 1]?.label === e.label) refuse(`the label ${JSON.stringify(e.label)} is there twice`);
    if (!/^[0-9a-fA-F]{64}$/.test(e.valueSHA256)) refuse("the value of a label is not known");
    const label = encodeUtf8(e.label);
    if (label.length > 0xffff) refuse("a label of more than 65,535 bytes");
    w.opaque(2, label).u32(e.version).fixed(decodeHex(e.valueSHA256));
  });
  return digits(sha512(w.bytes()));
}

function refuse(what: string): never {
  throw new Refusal("malformed", `no digest: ${what}`);
}

/** Of each five octets, the remainder by 100,000: twelve groups of five digits. */
function digits(hash: Uint8Array): string {
  let out = "";
  for (let group = 0; group < 12; group++) {
    let n = 0;
    for (const octet of hash.subarray(5 * group, 5 * group + 5)) n = n * 256 + octet;
    out += String(n % 100_000).padStart(5, "0");
  }
  return out;
}

/** The digits in twelve groups of five, for people to read out. */
export function groupDigits(digest: string): string {
  return (digest.match(/.{1,5}/g) ?? []).join(" ");
}

/** What a QR code of a digest holds: `kt roster digest --qr`. */
export function digestQRText(digest: string): string {
  return qrPrefix + digest;
}

/**
 * Reads a digest that another member shows: a QR code's text, or digits with any white space
 * between them. Throws a Refusal of the kind "malformed".
 */
export function parseDigest(text: string): string {
  const trimmed = text.trim();
  const d = (trimmed.startsWith(qrPrefix) ? trimmed.slice(qrPrefix.length) : trimmed).replace(/\s+/g, "");
  if (!/^[0-9]{60}$/.test(d)) {
    throw new Refusal(
      "malformed",
      "it is not a digest, which has sixty digits, or the text of a QR code of one",
    );
  }
  return d;
}
