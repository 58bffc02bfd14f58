import { sha256 } from "@noble/hashes/sha2.js";

import { concat, decodeBase64, encodeBase64, encodeUtf8, equalBytes } from "../bytes.js";
import { checkPoint } from "./curves.js";
import { checkEd25519, checkEd448, checkX25519, checkX448 } from "./edwards.js";
import { attempt, KeyRefusal, latin1, malformed, privateKey, type Facts } from "./facts.js";
import { bitLength, numberOf } from "./numbers.js";
import { judgeRSA, maxRSABits } from "./rsa.js";

/** The longest JWK that is read, in bytes. */
const maxJWK = 4 << 10;

/** The curves of RFC 8037. */
const okp: Record<string, (b: Uint8Array) => void> = {
  Ed25519: checkEd25519,
  Ed448: checkEd448,
  X25519: checkX25519,
  X448: checkX448,
};

/** The sizes of coordinates. */
const ec: Record<string, number> = { "P-256": 32, "P-384": 48, "P-521": 66 };

/**
 * The thumbprint of RFC 7638, Section 3. Data is required to have the members that this is made
 * of, in its order, and nothing else: so it is the hash of the data.
 */
export function jwkThumbprint(data: Uint8Array): string | undefined {
  return isFlat(data) ? base64url(sha256(data)) : undefined;
}

/** One JSON object without white space, escapes and nested values, as a canonical JWK is. */
function isFlat(data: Uint8Array): boolean {
  return data.length <= maxJWK && /^\{[^{}[\]\\ \t\r\n]*\}$/.test(latin1(data));
}

/** Checks a public JWK in its canonical form. Of key types that are not known, the private members are not known either. */
export function inspectJWK(data: Uint8Array, facts: Facts): void {
  const text = latin1(data.subarray(0, maxJWK));
  // RFC 7518, Section 6, and RFC 9964: members that must not be published.
  if (/"(d|p|q|dp|dq|qi|oth|k|priv)"[\t\n\f\r ]*:/.test(text)) privateKey();
  if (!isFlat(data)) malformed("not a flat JSON object without spaces");
  const kty = /[{,]"kty":"([^"]*)"/.exec(text)?.[1];
  if (kty === undefined) malformed("a JWK without a key type");
  if (kty === "OKP") return inspectOKP(text, facts);
  if (kty !== "RSA" && kty !== "EC") throw new KeyRefusal("unsupported", "JWK key type");
  const members = membersOf(text);
  const canonical = kty === "RSA" ? inspectRSA(members, facts) : inspectEC(members, facts);
  // SPEC: RFC 7638, Section 3: only the required members, in lexicographic order, without white space.
  if (!equalBytes(encodeUtf8(canonical), data)) malformed("not the canonical form of this JWK");
}

function inspectOKP(text: string, facts: Facts): void {
  const [, crv = "", x = ""] =
    /^\{"crv":"([^"]*)","kty":"OKP","x":"([^"]*)"\}$/.exec(text) ?? malformed("not canonical");
  const check = Object.hasOwn(okp, crv) ? okp[crv] : undefined;
  if (!check) throw new KeyRefusal("unsupported", "JWK curve");
  facts.words = [crv];
  check(decodeBase64url(x));
}

/** The members of a flat object that are strings. No member may be there twice. */
function membersOf(text: string): Map<string, string> {
  const names = text.match(/[{,]"[^"]*":/g)?.map((n) => n.slice(1)) ?? [];
  if (new Set(names).size !== names.length) malformed("a member twice");
  const members = new Map<string, string>();
  const object: unknown = attempt(() => JSON.parse(text));
  if (typeof object !== "object" || object === null) malformed("not JSON");
  for (const [name, value] of Object.entries(object)) if (typeof value === "string") members.set(name, value);
  return members;
}

/** Returns the canonical form. */
function inspectRSA(members: Map<string, string>, facts: Facts): string {
  const [n, e] = [numberOf(member(members, "n")), numberOf(member(members, "e"))];
  const bits = bitLength(n);
  if (bits > maxRSABits || e < 2n || e >= 1n << 63n) malformed("RSA numbers that are too large");
  facts.words = [`RSA-${bits}`];
  judgeRSA({ n, e }, facts);
  return `{"e":"${base64url(shortest(e))}","kty":"RSA","n":"${base64url(shortest(n))}"}`;
}

function inspectEC(members: Map<string, string>, facts: Facts): string {
  const crv = members.get("crv") ?? "";
  const size = Object.hasOwn(ec, crv) ? ec[crv] : undefined;
  const [x, y] = [member(members, "x"), member(members, "y")];
  if (size === undefined) throw new KeyRefusal("unsupported", "JWK curve");
  if (size !== x.length || size !== y.length) malformed("coordinates of another size");
  checkPoint(crv as "P-256" | "P-384" | "P-521", concat(Uint8Array.of(4), x, y));
  facts.words = [`EC ${crv}`];
  return `{"crv":"${crv}","kty":"EC","x":"${base64url(x)}","y":"${base64url(y)}"}`;
}

/** Bits behind the last byte do not matter here: the canonical form has none. */
function member(members: Map<string, string>, name: string): Uint8Array {
  const s = members.get(name) ?? malformed(`a JWK without ${name}`);
  const binary = attempt(() => atob(standard(s))) ?? malformed("not base64url");
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}

function shortest(n: bigint): Uint8Array {
  const hex = n.toString(16);
  const even = hex.length % 2 ? "0" + hex : hex;
  return Uint8Array.from(even.match(/../g) ?? [], (d) => parseInt(d, 16));
}

function base64url(b: Uint8Array): string {
  return encodeBase64(b).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Decodes base64url without padding, with no bits set behind the last byte. Throws a Refusal. */
function decodeBase64url(s: string): Uint8Array {
  const b = standard(s);
  return decodeBase64(b.padEnd(Math.ceil(b.length / 4) * 4, "="));
}

/** The same in the alphabet of base64, still without padding. Throws a Refusal. */
function standard(s: string): string {
  if (!/^[A-Za-z0-9_-]*$/.test(s)) malformed("not base64url");
  return s.replaceAll("-", "+").replaceAll("_", "/");
}
