import { encodeHex, equalBytes } from "../bytes.js";
import { DER, Tag } from "./der.js";
import { malformed, privateKey } from "./facts.js";
import { checkExtension, ExtensionOID } from "./x509extensions.js";
import { checkName } from "./x509name.js";
import { parseTime } from "./x509time.js";

/** What is read of an X.509 certificate (RFC 5280, Section 4.1). Object identifiers are in hexadecimal. */
export interface Certificate {
  tbs: Uint8Array;
  signatureAlgorithm: Algorithm;
  issuer: Uint8Array;
  subject: Uint8Array;
  /** Seconds since 1970. */
  notBefore: number;
  notAfter: number;
  keyAlgorithm: Algorithm;
  publicKey: Uint8Array;
  signature: Uint8Array;
  authorityKeyId: Uint8Array;
  subjectKeyId: Uint8Array;
}

export interface Algorithm {
  oid: string;
  /** With tag and length; empty if there are none. */
  parameters: Uint8Array;
}

/** The longest certificate that is read, in bytes. */
const maxCertificate = 64 << 10;

const context = (n: number) => 0x80 | n;
const constructed = (n: number) => 0xa0 | n;

/** Reads the outermost layer, and the algorithm of the subject's key. Throws a Refusal, or a KeyRefusal. */
export function outline(der: Uint8Array): { algorithm: string; parameters: Uint8Array } {
  if (der.length > maxCertificate) malformed("a certificate that is too large");
  const outer = new DER(der);
  const cert = outer.inside(Tag.sequence);
  outer.end();
  if (cert.has(Tag.integer)) {
    // PKCS #1, PKCS #8 and SEC 1 begin their private keys with a version.
    const version = cert.integer();
    if (version === 0n || version === 1n) privateKey();
    malformed("not a certificate");
  }
  const tbs = cert.inside(Tag.sequence);
  tbs.optional(constructed(0));
  tbs.element(Tag.integer);
  for (let i = 0; i < 4; i++) tbs.element(Tag.sequence);
  const algorithm = tbs.inside(Tag.sequence).inside(Tag.sequence);
  return { algorithm: encodeHex(algorithm.content(Tag.oid)), parameters: algorithm.rest };
}

/**
 * Reads a certificate. Of names and extensions is read whether they are well formed, and what
 * tells whether the certificate is its own issuer. Throws a Refusal.
 */
export function parseCertificate(der: Uint8Array): Certificate {
  const cert = new DER(der).inside(Tag.sequence);
  const tbsElement = cert.element(Tag.sequence);
  const tbs = new DER(tbsElement.content);
  const version = versionOf(tbs);
  if (tbs.integer() < 0n) malformed("a negative serial number");
  const inner = tbs.content(Tag.sequence);
  if (!equalBytes(inner, cert.content(Tag.sequence))) malformed("two signature algorithms");
  const issuer = checkName(tbs.element(Tag.sequence));
  const validity = tbs.inside(Tag.sequence);
  const [notBefore, notAfter] = [parseTime(validity.any()), parseTime(validity.any())];
  const subject = checkName(tbs.element(Tag.sequence));
  const spki = tbs.inside(Tag.sequence);
  const keyAlgorithm = algorithmOf(spki.content(Tag.sequence));
  const c: Certificate = {
    tbs: tbsElement.bytes,
    signatureAlgorithm: algorithmOf(inner),
    issuer,
    subject,
    notBefore,
    notAfter,
    keyAlgorithm,
    publicKey: spki.bits(),
    signature: new Uint8Array(0),
    authorityKeyId: new Uint8Array(0),
    subjectKeyId: new Uint8Array(0),
  };
  if (version > 1) tbs.optional(context(1));
  if (version > 1) tbs.optional(context(2));
  const extensions = version === 3 ? tbs.optional(constructed(3)) : undefined;
  if (extensions) readExtensions(c, new DER(extensions).inside(Tag.sequence));
  c.signature = cert.bits();
  return c;
}

/** 1 to 3. */
function versionOf(tbs: DER): number {
  const field = tbs.optional(constructed(0));
  if (!field) return 1;
  const d = new DER(field);
  const version = d.integer();
  d.end();
  if (version < 0n || version > 2n) malformed("a version of X.509 that is not known");
  return Number(version) + 1;
}

function algorithmOf(content: Uint8Array): Algorithm {
  const d = new DER(content);
  const oid = d.oid();
  return { oid, parameters: d.empty ? new Uint8Array(0) : d.any().bytes };
}

function readExtensions(c: Certificate, list: DER): void {
  const values = new Map<string, { critical: boolean; value: Uint8Array }>();
  while (!list.empty) {
    const e = list.inside(Tag.sequence);
    const oid = e.oid();
    if (values.has(oid)) malformed("one extension twice");
    const critical = e.has(Tag.boolean) && e.boolean();
    values.set(oid, { critical, value: e.content(Tag.octetString) });
  }
  for (const [oid, { critical, value }] of values) {
    checkExtension(oid, critical, new DER(value));
    if (oid === ExtensionOID.subjectKeyId) c.subjectKeyId = new DER(value).content(Tag.octetString);
    if (oid === ExtensionOID.authorityKeyId) {
      c.authorityKeyId = new DER(value).inside(Tag.sequence).optional(context(0)) ?? c.authorityKeyId;
    }
  }
}
