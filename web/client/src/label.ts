import { encodeUtf8 } from "./bytes.js";
import { Refusal } from "./errors.js";
import { decodePunycode } from "./punycode.js";
import { maxLabelSize } from "./suite.js";

// Control characters, line separators and bidirectional controls.
const forbidden = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
// Unicode's White_Space.
const space =
  "[\\u0009-\\u000d\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const outerSpace = new RegExp(`^${space}|${space}$`, "g");
const address = /^[^@ \t\r\n\u00a0\u3000<>()[\]\\,;:"]+@[^@ \t\r\n\u00a0\u3000<>()[\]\\,;:"]+$/;
// Characters that Unicode 15, by which labels are spelled, has not assigned, and of which a
// later one may have a lower case or other forms. This table is complete up to Unicode 17.
const newer =
  /[\u0897\u1acf-\u1aeb\u1c89\ua7cb-\ua7cf\ua7d2\ua7d4\ua7da-\ua7f1\u{105c9}-\u{105e4}\u{10d50}-\u{10d6d}\u{10efa}\u{10efb}\u{11383}-\u{113d0}\u{16121}-\u{1612f}\u{16d68}-\u{16d6a}\u{16ea0}-\u{16eb8}\u{1ccd6}-\u{1ccf9}\u{1e5ee}-\u{1e6f5}]/u;

/**
 * Returns the label under which a directory knows a name (docs/labels.md, "The one
 * spelling"): in Normalization Form C, without space around it, and an e-mail address in
 * lower case with its domain in Unicode. Normalizing it again changes nothing.
 *
 * Throws a Refusal of the kind "malformed" for what cannot be a label: empty, over
 * maxLabelSize bytes, with control characters or half a surrogate pair, or an address whose
 * domain IDNA forbids.
 */
export function normalizeLabel(name: string): string {
  // Space, and what becomes shorter, may go beyond the size.
  if (name.length > 4 * maxLabelSize || utf8Size(name) > 4 * maxLabelSize) refuse("too long");
  if (/\p{Cs}/u.test(name)) refuse("half a surrogate pair");
  let label = normalForm(name, "NFC").replace(outerSpace, "");
  if (isAddress(label)) label = lowerAddress(label);
  if (label === "") refuse("empty");
  if (utf8Size(label) > maxLabelSize) refuse(`over ${maxLabelSize} bytes`);
  if (forbidden.test(label)) refuse("with control characters");
  return label;
}

/** The number of bytes of a text in UTF-8. */
export function utf8Size(text: string): number {
  return encodeUtf8(text).length;
}

function refuse(what: string): never {
  throw new Refusal("malformed", `malformed label: ${what}`);
}

/** Narrower than RFC 5322: no quoting, no comments, and a dot in the domain. */
function isAddress(s: string): boolean {
  if (!address.test(s)) return false;
  const domain = s.slice(s.indexOf("@") + 1);
  if (forbidden.test(domain) || utf8Size(domain) > maxLabelSize) return false;
  return domain.includes(".") && !/^\.|\.\.|\.$/.test(domain);
}

function lowerAddress(s: string): string {
  const at = s.indexOf("@");
  let domain = lower(s.slice(at + 1));
  if (/[^\0-\x7f]|^xn--|\.xn--/.test(domain)) domain = unicodeDomain(domain);
  return `${lower(s.slice(0, at))}@${domain}`;
}

/** A normalization form by Unicode 15: what was not assigned then stands alone. */
export function normalForm(s: string, form: "NFC" | "NFD" | "NFKC"): string {
  return eachPart(s, (part) => part.normalize(form));
}

/**
 * Lower case, character by character: a sigma at the end of a word is as any other. U+0130
 * becomes i and U+0307, and not the letter i.
 */
function lower(s: string): string {
  return normalForm(
    eachPart(s, (part) => Array.from(part, (c) => c.toLowerCase()).join("")),
    "NFC",
  );
}

function eachPart(s: string, change: (part: string) => string): string {
  return s
    .split(new RegExp(`(${newer.source}+)`, "u"))
    .map((part, i) => (i % 2 ? part : change(part)))
    .join("");
}

/**
 * The one Unicode form of an internationalised domain. It has to survive the way to the DNS
 * and back: else two domains could share it.
 */
function unicodeDomain(domain: string): string {
  const ascii = domainToASCII(domain);
  const form = ascii?.split(".").map(unicodeLabel).join(".");
  const labels = form?.split(".") ?? [];
  if (ascii === undefined || form === undefined || !labels.every(permitted) || !oneWay(labels)) {
    refuse("the domain is not permitted by IDNA");
  }
  if (domainToASCII(form) !== ascii || !isAddress("x@" + form)) {
    refuse("the domain has no form of its own in IDNA");
  }
  return form;
}

/**
 * Maps as browsers do before a look-up, by UTS 46, non-transitional, which checks joiners and
 * the direction. A label behind the others keeps one that is a number from being taken for an
 * IPv4 address. Undefined: it is forbidden.
 */
function domainToASCII(domain: string): string | undefined {
  if (/[^a-z0-9.\-\u0080-\u{10ffff}]/u.test(domain)) return undefined;
  let host: string;
  try {
    host = new URL(`http://${domain}.a`).hostname;
  } catch {
    return undefined;
  }
  const ascii = host.slice(0, -2);
  const wellFormed = host.endsWith(".a") && ascii.length <= 253;
  return wellFormed && ascii.split(".").every((l) => /^[a-z0-9-]{1,63}$/.test(l)) ? ascii : undefined;
}

const digitFirst = /^[0-9\u0660-\u0669\u06f0-\u06f9\u{10d30}-\u{10d39}\u{10e60}-\u{10e7e}]/u;
// A letter or digit of a script from right to left.
const rightToLeft =
  /(?=[\p{L}\p{Nd}])[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * SPEC (RFC 5893, "The Bidi Rule"): The first character must be a character with Bidi property
 * L, R, or AL; and in a label from left to right, none of R, AL and AN. Not all browsers see
 * to that; the rest of the rule they do.
 */
function oneWay(labels: string[]): boolean {
  if (!labels.some((l) => rightToLeft.test(l))) return true;
  return labels.every((l) => !digitFirst.test(l) && l.search(rightToLeft) <= 0);
}

function unicodeLabel(label: string): string {
  return label.startsWith("xn--") ? decodePunycode(label.slice(4)) : label;
}

/**
 * What UTS 46 checks of a label beyond what browsers do: hyphens and ASCII. Three signs with a
 * stroke through them, which are = < > to STD 3, were forbidden up to Unicode 15.
 */
function permitted(label: string): boolean {
  const [a, b] = Array.from(label).slice(2);
  return !/^-|-$|[^a-z0-9\-\u0080-\u{10ffff}]|[\u2260\u226e\u226f]/u.test(label) && !(a === "-" && b === "-");
}
