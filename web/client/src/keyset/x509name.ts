import { decodeUtf8 } from "../bytes.js";
import { DER, Tag, type Element } from "./der.js";
import { latin1, malformed } from "./facts.js";

/** Checks a Name (RFC 5280, Section 4.1.2.4) and returns all of its bytes. Throws a Refusal. */
export function checkName(e: Element): Uint8Array {
  const name = new DER(e.content);
  while (!name.empty) {
    const set = name.inside(Tag.set);
    while (!set.empty) {
      const attribute = set.inside(Tag.sequence);
      attribute.oid();
      checkString(attribute.any());
    }
  }
  return e.bytes;
}

/** Characters of string types, by tag. * and & do not belong into a PrintableString, and are in many. */
const characters: Record<number, RegExp> = {
  0x12: /^[0-9 ]*$/,
  0x13: /^[A-Za-z0-9 '()*+,\-./:=?&]*$/,
  0x14: /^/,
  0x16: /^[\0-\x7f]*$/,
};

const utf8String = 0x0c;
const bmpString = 0x1e;

function checkString({ tag, content }: Element): void {
  if (tag === utf8String) return void decodeUtf8(content);
  if (tag === bmpString) return checkBMPString(content);
  if (!characters[tag]?.test(latin1(content))) malformed("a string of a name");
}

/** Sixteen bits a character, none of them half a surrogate pair, or none at all. */
function checkBMPString(b: Uint8Array): void {
  if (b.length % 2 !== 0) malformed("a BMPString");
  for (let i = 0; i < b.length; i += 2) {
    const c = ((b[i] ?? 0) << 8) | (b[i + 1] ?? 0);
    const none = c >= 0xfffe || (c >= 0xfdd0 && c <= 0xfdef) || (c >= 0xd800 && c <= 0xdfff);
    if (none) malformed("a BMPString");
  }
}
