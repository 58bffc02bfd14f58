import { decodeBase64, decodeHex, encodeHex } from "../bytes.js";
import { checkKey, fingerprint, Format, formatName, KeyRefusal } from "../keyset/index.js";
import { maxKeySize } from "../keyset/keyset.js";
import { Refusal } from "../errors.js";
import { quote, refuse } from "./json.js";
import type { Parser } from "./parse.js";
import type { Device } from "./roster.js";

/** Reads one device: its key, or the fingerprint of it. Throws a Refusal. */
export function readDevice(p: Parser): Device {
  const d: Device = { format: 0, fingerprint: "", name: "" };
  let [format, key, print] = ["", "", ""];
  p.json.object(
    {
      format: () => (format = p.ascii(32)),
      key: () => (key = p.ascii(Math.ceil(maxKeySize / 3) * 4)),
      fingerprint: () => (print = p.text()),
      name: () => (d.name = p.text()),
      first_seen: () => (d.firstSeen = p.time()),
    },
    ["format"],
  );
  d.format = parseFormat(format);
  if ((key === "") === (print === "")) refuse('needs either "key" or "fingerprint"');
  if (key !== "") setKey(d, key);
  else d.fingerprint = parseFingerprint(d.format, print);
  return d;
}

/** The number of a format, by its name. */
function parseFormat(name: string): number {
  const known = Object.values(Format).find((f) => formatName(f) === name);
  if (known !== undefined) return known;
  const number = Number(/^format-(\d{1,5})$/.exec(name)?.[1] ?? 0);
  if (number < 1 || number > 0xffff || formatName(number) !== name)
    refuse(`format ${quote(name)} is not known`);
  return number;
}

function setKey(d: Device, text: string): void {
  try {
    d.data = decodeBase64(text);
  } catch (e) {
    if (e instanceof Refusal) refuse("key: not base64 (RFC 4648, Section 4, with padding)");
    throw e;
  }
  const key = { format: d.format, data: d.data, name: d.name, attributes: [] };
  if (!isPlain(d.format, d.data) && isPrivate(() => checkKey(key))) {
    refuse("key: this is a PRIVATE key: take it out of the roster, and out of wherever that went");
  }
  d.fingerprint = fingerprint(key);
}

function isPrivate(check: () => void): boolean {
  try {
    check();
  } catch (e) {
    if (e instanceof KeyRefusal) return e.reason === "private-key";
    if (!(e instanceof Refusal)) throw e;
  }
  return false;
}

const plainSizes = new Map<number, number>([
  [Format.ed25519, 32],
  [Format.x25519, 32],
  [Format.signal, 33],
  [Format.p256, 65],
]);

/**
 * Whether the key is as long as raw public keys of its format are: nothing can tell those from
 * private ones, and checking many takes time.
 */
function isPlain(format: number, data: Uint8Array): boolean {
  return plainSizes.get(format) === data.length;
}

/** What fingerprints look like in their one spelling; all others are lower-case hex of SHA-256. */
const shapes = new Map<number, RegExp>([
  [Format.openPGP, /^([0-9A-F]{40}|[0-9A-F]{64})$/],
  [Format.ssh, /^SHA256:[A-Za-z0-9+/]{43}$/],
  [Format.age, /^(age1[a-z0-9-]{16,124}|[0-9a-f]{64})$/],
  [Format.x509, /^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/],
  [Format.jwk, /^[A-Za-z0-9_-]{43}$/],
  [Format.mlsKeyPackage, /^([0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/],
]);

/** Reads a fingerprint by its format's rule, in the spellings that tools have. */
function parseFingerprint(format: number, text: string): string {
  const s = spelling(format, text.replaceAll(" ", ""));
  if ((shapes.get(format) ?? /^[0-9a-f]{64}$/).test(s)) return s;
  if (format === Format.openPGP) {
    refuse("fingerprint: not a whole OpenPGP fingerprint of 40 or 64 digits (a key id can be forged)");
  }
  refuse(`fingerprint: not one of a key of format ${formatName(format)}`);
}

function spelling(format: number, s: string): string {
  switch (format) {
    case Format.openPGP:
      return upper(s).replace(/^0X/, "");
    case Format.ssh:
      return s.replace(/=+$/, "");
    case Format.x509:
      return colons(upper(s).replaceAll(":", ""));
    case Format.jwk:
      return s;
  }
  return s.replace(/[A-Z]/g, (c) => c.toLowerCase());
}

/** Of ASCII alone: the upper case of a ligature would be digits. */
function upper(s: string): string {
  return s.replace(/[a-z]/g, (c) => c.toUpperCase());
}

/** Puts a colon between the octets of hexadecimal digits. */
function colons(digits: string): string {
  if (!/^([0-9A-F]{2})*$/.test(digits)) return digits;
  return Array.from(decodeHex(digits), (octet) => encodeHex(Uint8Array.of(octet)).toUpperCase()).join(":");
}
