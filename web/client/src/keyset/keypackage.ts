import { concat, encodeHex, encodeUtf8, equalBytes } from "../bytes.js";
import { Reader } from "../codec.js";
import { spend, type Budget } from "./budget.js";
import { attempt, KeyRefusal, malformed, type Facts } from "./facts.js";
import { suiteName, suites, vector, verifyWithLabel, type Suite } from "./mls.js";

/** What is read of a KeyPackage (RFC 9420, Section 10) and its LeafNode (Section 7.2). */
interface KeyPackage {
  suite: number;
  initKey: Uint8Array;
  leaf: Leaf;
  /** The KeyPackage up to its signature. */
  signed: Uint8Array;
  signature: Uint8Array;
}

interface Leaf {
  encryptionKey: Uint8Array;
  signatureKey: Uint8Array;
  credential: number;
  /** The types among the capabilities. */
  capable: { extensions: number[]; credentials: number[] };
  source: number;
  notBefore: bigint;
  notAfter: bigint;
  extensions: number[];
  signed: Uint8Array;
  signature: Uint8Array;
}

const maxExtensions = 64;
const maxCertificates = 16;

/** Of leaves in KeyPackages; those of updates and commits are of no use here. */
const sourceKeyPackage = 1;

/** The greatest time that is shown, 9999-12-31 23:59:59 UTC. */
const forever = 253402300799n;

/** The KeyPackageRef (RFC 9420, Section 5.2) in hexadecimal; undefined for what has none. */
export function keyPackageRef(data: Uint8Array): string | undefined {
  return attempt(() => {
    const s = suites[parse(data).suite] ?? malformed("an unknown cipher suite");
    return encodeHex(s.hash(concat(vector(encodeUtf8("MLS 1.0 KeyPackage Reference")), vector(data))));
  });
}

/**
 * Does what RFC 9420, Sections 7.3 and 10.1, asks of whoever uses a KeyPackage, as far as no
 * group and no clock is needed.
 */
export function inspectKeyPackage(data: Uint8Array, facts: Facts, budget: Budget): void {
  const k = parse(data);
  facts.words = [suiteName(k.suite)];
  facts.expires = Number(k.leaf.notAfter < forever ? k.leaf.notAfter : forever);
  checkOffer(k);
  const s = suites[k.suite];
  if (s) verify(k, s, budget);
}

/** Checks what holds for every cipher suite. */
function checkOffer({ initKey, leaf: l }: KeyPackage): void {
  if (l.source !== sourceKeyPackage) malformed("a leaf node of another source");
  if (l.notBefore > l.notAfter) malformed("a lifetime that ends before it begins");
  // SPEC: Verify that the value of leaf_node.encryption_key is different from the value of
  // the init_key field.
  if (equalBytes(initKey, l.encryptionKey)) malformed("the init key is the encryption key");
  if (!l.capable.credentials.includes(l.credential))
    malformed("its own type of credential is not among its capabilities");
  // Types 1 to 5 are those that everybody knows (RFC 9420, Section 7.2).
  const known = (type: number) => type <= 5 || l.capable.extensions.includes(type);
  if (!l.extensions.every(known)) malformed("an extension that is not among its capabilities");
}

/** Checks the keys and both signatures. */
function verify(k: KeyPackage, s: Suite, budget: Budget): void {
  const { leaf } = k;
  s.checkKEM(k.initKey);
  s.checkKEM(leaf.encryptionKey);
  s.checkSignatureKey(leaf.signatureKey);
  if (!spend(budget, 2 * s.cost)) return;
  const verified =
    verifyWithLabel(s, leaf.signatureKey, "LeafNodeTBS", leaf.signed, leaf.signature) &&
    verifyWithLabel(s, leaf.signatureKey, "KeyPackageTBS", k.signed, k.signature);
  if (!verified) malformed("a signature of the KeyPackage is false");
}

function parse(data: Uint8Array): KeyPackage {
  const r = new Reader(data);
  const at = () => data.length - r.remaining;
  if (r.u16("version") !== 1) throw new KeyRefusal("unsupported", "a version of MLS");
  const suite = r.u16("cipher_suite");
  const initKey = opaque(r);
  const leaf = parseLeaf(r, data);
  extensionTypes(r);
  const signed = data.subarray(0, at());
  const signature = opaque(r);
  r.end();
  if (leaf.credential !== 1 && leaf.credential !== 2)
    throw new KeyRefusal("unsupported", "an MLS credential");
  return { suite, initKey, leaf, signed, signature };
}

function parseLeaf(r: Reader, data: Uint8Array): Leaf {
  const at = () => data.length - r.remaining;
  const start = at();
  const [encryptionKey, signatureKey] = [opaque(r), opaque(r)];
  const credential = parseCredential(r);
  const lists = [numbers(r), numbers(r), numbers(r), numbers(r), numbers(r)];
  const source = r.u8("leaf_node_source");
  let [notBefore, notAfter] = [0n, 0n];
  if (source === sourceKeyPackage) [notBefore, notAfter] = [u64(r), u64(r)];
  else if (source === 3) opaque(r);
  else if (source !== 2) malformed("leaf_node_source");
  const extensions = extensionTypes(r);
  const signed = data.subarray(start, at());
  const signature = opaque(r);
  const capable = { extensions: lists[2] ?? [], credentials: lists[4] ?? [] };
  return {
    encryptionKey,
    signatureKey,
    credential,
    capable,
    source,
    notBefore,
    notAfter,
    extensions,
    signed,
    signature,
  };
}

/** Returns the credential's type. Of a type that is not known, the rest is taken for one opaque <V>. */
function parseCredential(r: Reader): number {
  const type = r.u16("credential_type");
  const content = opaque(r);
  if (type !== 2) return type;
  const list = new Reader(content);
  for (let n = 0; list.remaining > 0; n++) {
    if (n === maxCertificates) malformed("more certificates than are read");
    opaque(list);
  }
  return type;
}

// SPEC: Any field containing a list of extensions MUST NOT have more than one extension of any
// given type.
function extensionTypes(r: Reader): number[] {
  const list = new Reader(opaque(r));
  const types: number[] = [];
  while (list.remaining > 0) {
    if (types.length === maxExtensions) malformed("more extensions than are read");
    const type = list.u16("extension_type");
    opaque(list);
    if (types.includes(type)) malformed("one extension twice");
    types.push(type);
  }
  return types;
}

function numbers(r: Reader): number[] {
  const b = opaque(r);
  if (b.length % 2 !== 0) malformed("not a vector of 16-bit numbers");
  const list = new Reader(b);
  return Array.from({ length: b.length / 2 }, () => list.u16("number"));
}

/** The whole range: a lifetime may be meant to last for ever. */
function u64(r: Reader): bigint {
  return (BigInt(r.u32("lifetime")) << 32n) | BigInt(r.u32("lifetime"));
}

/**
 * Reads an opaque <V> (RFC 9420, Section 2.1.2).
 *
 * SPEC: The encoded value MUST use the smallest number of bits required to represent the value.
 * Vectors that start with the prefix "11" are invalid and MUST be rejected.
 */
function opaque(r: Reader): Uint8Array {
  const first = r.u8("length");
  const prefix = first >> 6;
  if (prefix === 3) malformed("a length of an invalid form");
  let n = first & 63;
  for (let i = 1; i < 1 << prefix; i++) n = n * 256 + r.u8("length");
  if (prefix > 0 && n < 1 << (prefix === 1 ? 6 : 14)) malformed("a length that is not in its shortest form");
  return r.fixed(n, "vector");
}

/** The cipher suite of a KeyPackage, and the signature key of its leaf. It is not verified. Throws a Refusal. */
export function keyPackageSigner(data: Uint8Array): { suite: number; key: Uint8Array } {
  const { suite, leaf } = parse(data);
  return { suite, key: leaf.signatureKey };
}
