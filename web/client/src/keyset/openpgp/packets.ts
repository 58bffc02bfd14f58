import { Reader } from "../../codec.js";
import { malformed, privateKey } from "../facts.js";

/** Packet types (RFC 9580, Section 5). */
const Tag = {
  signature: 2,
  secretKey: 5,
  publicKey: 6,
  secretSubkey: 7,
  marker: 10,
  trust: 12,
  userID: 13,
  publicSubkey: 14,
  userAttribute: 17,
  padding: 21,
} as const;

/** How many packets of a certificate are read. */
const maxPackets = 4096;

/** A packet of a certificate and the signatures behind it. */
export interface Component {
  body: Uint8Array;
  signatures: Uint8Array[];
}

/** A transferable public key (RFC 9580, Section 10.1), cut into its components. Nothing is verified. */
export interface Certificate {
  primary: Component;
  users: Component[];
  subkeys: Component[];
}

interface Packet {
  tag: number;
  body: Uint8Array;
}

/** Returns the body of the public-key packet that a certificate begins with. Throws a Refusal, or a KeyRefusal. */
export function primaryBody(data: Uint8Array): Uint8Array {
  const { tag, body } = nextPacket(new Reader(data));
  if (tag === Tag.secretKey || tag === Tag.secretSubkey) privateKey();
  if (tag !== Tag.publicKey) malformed(`it begins with a packet of type ${tag}, not a public key`);
  return body;
}

/** Groups the packets of a certificate. Throws a Refusal, or a KeyRefusal. */
export function splitCertificate(data: Uint8Array): Certificate {
  const r = new Reader(data);
  const c: Certificate = { primary: { body: nextPacket(r).body, signatures: [] }, users: [], subkeys: [] };
  // Undefined: what the following signatures are about is not read.
  let last: Component | undefined = c.primary;
  for (let n = 1; r.remaining > 0; n++) {
    const p = nextPacket(r);
    if (n === maxPackets) malformed(`more than ${maxPackets} packets`);
    if (p.tag === Tag.signature) last?.signatures.push(p.body);
    else last = grouped(c, p, last);
  }
  return c;
}

/** Takes a packet that is no signature, and returns what the signatures after it are about. */
function grouped(c: Certificate, p: Packet, last: Component | undefined): Component | undefined {
  const component: Component = { body: p.body, signatures: [] };
  switch (p.tag) {
    case Tag.userID:
      c.users.push(component);
      return component;
    case Tag.publicSubkey:
      c.subkeys.push(component);
      return component;
    case Tag.userAttribute:
      return undefined;
    case Tag.marker:
    case Tag.trust:
    case Tag.padding:
      return last;
    case Tag.secretKey:
    case Tag.secretSubkey:
      return privateKey();
  }
  // SPEC: RFC 9580, Section 4.3: types 0 to 39 are critical.
  if (p.tag < 40)
    malformed(p.tag === Tag.publicKey ? "more than one certificate" : `a packet of type ${p.tag}`);
  return undefined;
}

/**
 * Reads a packet, in old or new framing (RFC 9580, Section 4.2). Partial and indeterminate
 * lengths are for data packets and refused.
 */
function nextPacket(r: Reader): Packet {
  const head = r.u8("packet");
  if (!(head & 0x80)) malformed("not an OpenPGP packet");
  if (head & 0x40) return { tag: head & 63, body: r.fixed(newLength(r), "packet") };
  const size = [r.u8, r.u16, r.u32][head & 3];
  if (!size) malformed("a packet of indeterminate length");
  return { tag: (head >> 2) & 15, body: r.fixed(size.call(r, "packet"), "packet") };
}

function newLength(r: Reader): number {
  const a = r.u8("packet length");
  if (a < 192) return a;
  if (a < 224) return (a - 192) * 256 + r.u8("packet length") + 192;
  return a === 255 ? r.u32("packet length") : malformed("a partial body length");
}
