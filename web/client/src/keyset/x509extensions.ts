import { encodeHex } from "../bytes.js";
import { DER, Tag } from "./der.js";
import { latin1, malformed } from "./facts.js";

/** Extensions of certificates (RFC 5280, Section 4.2), their object identifiers in hexadecimal. */
export const ExtensionOID = { subjectKeyId: "551d0e", authorityKeyId: "551d23" } as const;

const context = (n: number) => 0x80 | n;
const constructed = (n: number) => 0xa0 | n;

/** What an extension's value must be like, by its object identifier. */
const checks: Record<string, (value: DER) => void> = {
  [ExtensionOID.subjectKeyId]: (d) => void d.content(Tag.octetString),
  [ExtensionOID.authorityKeyId]: (d) => void d.inside(Tag.sequence).optional(context(0)),
  "551d0f": (d) => void d.bits(), // key usage
  "551d11": checkAlternativeNames,
  "551d13": checkBasicConstraints,
  "551d1e": checkNameConstraints,
  "551d1f": checkDistributionPoints,
  "551d20": checkPolicies,
  "551d21": (d) => each(d, (e) => (e.content(Tag.oid), e.content(Tag.oid))), // policy mappings
  "551d24": checkPolicyConstraints,
  "551d25": checkKeyUsages,
  "551d36": (d) => checkSmall(d.integer()), // inhibit any policy
  "2b06010505070101": checkAuthorityInfo,
};

/** Extensions that must not be critical. */
const neverCritical = [ExtensionOID.subjectKeyId, ExtensionOID.authorityKeyId, "2b06010505070101"];

/**
 * Checks that an extension is well formed, if it is known. What it says does not matter to who
 * uses the key for a label: that is what the directory says. Throws a Refusal.
 */
export function checkExtension(oid: string, critical: boolean, value: DER): void {
  if (critical && neverCritical.includes(oid)) malformed("an extension that must not be critical");
  checks[oid]?.(value);
}

/** Reads the elements of a sequence of sequences. */
function each(d: DER, read: (e: DER) => void): void {
  const list = d.inside(Tag.sequence);
  while (!list.empty) read(list.inside(Tag.sequence));
}

function checkSmall(n: bigint): void {
  if (n >= 1n << 63n || n < -(1n << 63n)) malformed("a number of an extension");
}

function checkBasicConstraints(d: DER): void {
  const s = d.inside(Tag.sequence);
  if (s.has(Tag.boolean)) s.boolean();
  if (!s.has(Tag.integer)) return;
  const path = s.integer();
  if (path < 0n) malformed("a path length");
  checkSmall(path);
}

/** The kinds of GeneralName that are read: mail address, DNS name, URI and address. */
function checkAlternativeNames(d: DER): void {
  const names = d.inside(Tag.sequence);
  while (!names.empty) {
    const { tag, content } = names.any();
    const text = tag === context(1) || tag === context(2) || tag === context(6);
    if (text && !isASCII(content)) malformed("an alternative name that is not ASCII");
    if (tag === context(7) && content.length !== 4 && content.length !== 16) malformed("an address");
  }
}

function isASCII(b: Uint8Array): boolean {
  return b.every((v) => v < 128);
}

function checkNameConstraints(d: DER): void {
  const s = d.inside(Tag.sequence);
  d.end();
  const lists = [s.optional(constructed(0)), s.optional(constructed(1))];
  s.end();
  if (!lists.some((l) => l && l.length > 0)) malformed("name constraints without a name");
  for (const list of lists) {
    const subtrees = new DER(list ?? new Uint8Array(0));
    while (!subtrees.empty) subtrees.inside(Tag.sequence).any();
  }
}

function checkDistributionPoints(d: DER): void {
  each(d, (point) => {
    const name = point.optional(constructed(0));
    if (!name) return;
    const full = new DER(name).inside(constructed(0));
    while (full.has(context(6))) full.any();
  });
}

function checkPolicies(d: DER): void {
  const seen = new Set<string>();
  each(d, (policy) => {
    const oid = policy.content(Tag.oid);
    const bad = oid.length === 0 || (oid.at(-1) ?? 0) >= 128 || seen.has(encodeHex(oid));
    if (bad || /(^|[\0-\x7f])\x80/.test(latin1(oid))) malformed("certificate policies");
    seen.add(encodeHex(oid));
  });
}

function checkPolicyConstraints(d: DER): void {
  const s = d.inside(Tag.sequence);
  for (const n of [0, 1]) {
    if (!s.has(context(n))) continue;
    const content = s.content(context(n));
    if (content.length > 8) malformed("policy constraints");
    new DER(Uint8Array.of(Tag.integer, content.length, ...content)).integer();
  }
}

function checkKeyUsages(d: DER): void {
  const list = d.inside(Tag.sequence);
  while (!list.empty) list.oid();
}

function checkAuthorityInfo(d: DER): void {
  each(d, (access) => {
    access.oid();
    if (access.has(context(6))) access.any();
  });
}
