import { concat, encodeHex } from "../../bytes.js";
import { Reader } from "../../codec.js";
import { malformed } from "../facts.js";
import { numberOf } from "../numbers.js";
import { hashAlgorithms, type HashAlgorithm } from "./hash.js";
import { mpi, uint32, type PGPKey } from "./key.js";

/** Signature types (RFC 9580, Section 5.2.1). */
export const SignatureType = {
  certifications: [0x10, 0x11, 0x12, 0x13],
  subkeyBinding: 0x18,
  primaryKeyBinding: 0x19,
  directKey: 0x1f,
  keyRevocation: 0x20,
  subkeyRevocation: 0x28,
  certificationRevocation: 0x30,
} as const;

/** What is read of a signature (RFC 9580, Section 5.2). Nothing of it is verified. Times are in seconds. */
export interface Signature extends Subpackets {
  version: 4 | 6;
  type: number;
  algorithm: number;
  hash: HashAlgorithm;
  /** Two bytes of the digest. */
  digestTag: Uint8Array;
  salt: Uint8Array;
  /** What is hashed after the signed data. */
  suffix: Uint8Array;
  /** Numbers of RSA, DSA, ECDSA and the older EdDSA, or native signatures. */
  values: Uint8Array[];
}

/** What subpackets say. Only of those in the hashed part, but for the issuer and the embedded signature. */
interface Subpackets {
  created: number | undefined;
  lifetime: number;
  keyLifetime: number;
  issuerID?: string;
  issuer?: { version: number; fingerprint: string };
  primaryUserID: boolean;
  /** The first octet of the key flags, if there is such a subpacket. */
  flags?: number;
  embedded?: Signature;
}

export const Flag = {
  sign: 0x02,
  encryptCommunications: 0x04,
  encryptStorage: 0x08,
  authenticate: 0x20,
} as const;

/** Algorithms that sign: how many numbers a signature has, or the sizes of what is in a native one. */
const numberCounts: Record<number, number> = { 1: 1, 3: 1, 17: 2, 19: 2, 22: 2 };
const nativeSizes: Record<number, number[]> = {
  27: [64],
  28: [114],
  30: [64, 3309],
  31: [114, 4627],
  32: [7856],
  33: [17088],
  34: [29792],
};

/** Reads the body of a signature packet. Throws a Refusal for what is none, and for what is not known. */
export function readSignature(body: Uint8Array): Signature {
  const r = new Reader(body);
  const version = r.u8("version");
  if (version !== 4 && version !== 6) malformed("a signature of another version");
  const [type, algorithm, hashID] = [r.u8("type"), r.u8("algorithm"), r.u8("hash")];
  const hash = hashAlgorithms.get(hashID);
  const known = numberCounts[algorithm] ?? nativeSizes[algorithm];
  if (!known || !hash || (version === 6 && hash.salt === 0)) malformed("a signature of an unknown algorithm");
  const s: Subpackets = { created: undefined, lifetime: 0, keyLifetime: 0, primaryUserID: false };
  const size = () => (version === 6 ? r.u32("length") : r.u16("length"));
  readSubpackets(s, r.fixed(size(), "hashed subpackets"), { version, type, hashed: true });
  const head = body.subarray(0, body.length - r.remaining);
  const suffix = concat(head, Uint8Array.of(version, 0xff), uint32(head.length));
  readSubpackets(s, r.fixed(size(), "subpackets"), { version, type, hashed: false });
  const digestTag = r.fixed(2, "digest");
  const salt = version === 6 ? readSalt(r, hash) : new Uint8Array(0);
  return { ...s, version, type, algorithm, hash, digestTag, salt, suffix, values: readValues(r, algorithm) };
}

function readSalt(r: Reader, hash: HashAlgorithm): Uint8Array {
  if (r.u8("salt") !== hash.salt) malformed("a salt of another size");
  return r.fixed(hash.salt, "salt");
}

function readValues(r: Reader, algorithm: number): Uint8Array[] {
  const sizes = nativeSizes[algorithm];
  if (sizes) return sizes.map((n) => r.fixed(n, "signature"));
  return Array.from({ length: numberCounts[algorithm] ?? 0 }, () => mpi(r));
}

interface Place {
  version: number;
  type: number;
  hashed: boolean;
}

function readSubpackets(s: Subpackets, bytes: Uint8Array, place: Place): void {
  const r = new Reader(bytes);
  while (r.remaining > 0) {
    const content = r.fixed(subpacketLength(r), "subpacket");
    const [first] = content;
    if (first === undefined) malformed("a subpacket without a type");
    readSubpacket(s, first & 127, (first & 128) !== 0, content.subarray(1), place);
  }
  if (s.created === undefined) malformed("a signature without a creation time");
}

function subpacketLength(r: Reader): number {
  const a = r.u8("length");
  if (a < 192) return a;
  return a < 255 ? (a - 192) * 256 + r.u8("length") + 192 : r.u32("length");
}

/** Types that count outside of the hashed part: they only help to find the key. */
const unhashed = [16, 32, 33];

/** Reads one subpacket (RFC 9580, Section 5.2.3). Throws a Refusal for an unknown one that is critical. */
function readSubpacket(s: Subpackets, type: number, critical: boolean, b: Uint8Array, place: Place): void {
  if (!place.hashed && !unhashed.includes(type)) return;
  const u32 = () => new Reader(sized(b, 4)).u32("time");
  switch (type) {
    case 2:
      s.created = u32();
      return;
    case 3:
      s.lifetime = u32();
      return;
    case 9:
      s.keyLifetime = u32();
      return;
    case 16:
      if (place.version > 4 && place.hashed) malformed("an issuer's key id in version 6");
      sized(b, 8);
      if (place.version === 4) s.issuerID = encodeHex(b);
      return;
    case 25:
      s.primaryUserID = sized(b, 1)[0] !== 0;
      return;
    case 27:
      s.flags = (s.flags ?? 0) | (b[0] ?? 0);
      return;
    case 32:
      s.embedded = readEmbedded(s, b, place);
      return;
    case 33:
      readIssuer(s, b);
      return;
  }
  if (!checkShape(type, b) && critical) malformed("an unknown subpacket that is critical");
}

function sized(b: Uint8Array, size: number): Uint8Array {
  return b.length === size ? b : malformed("a subpacket of another size");
}

/** A fingerprint with the key's version before it. */
function checkFingerprint(b: Uint8Array): void {
  const [version] = b;
  if (version === undefined || b.length !== (version >= 5 ? 33 : 21))
    malformed("a fingerprint of another size");
}

function readIssuer(s: Subpackets, b: Uint8Array): void {
  checkFingerprint(b);
  const version = b[0] ?? 0;
  s.issuer = { version, fingerprint: encodeHex(b.subarray(1)) };
  s.issuerID = encodeHex(version >= 5 ? b.subarray(1, 9) : b.subarray(13));
}

/** The signature by which a signing subkey agrees to be one. It has none in itself. */
function readEmbedded(s: Subpackets, b: Uint8Array, place: Place): Signature {
  if (s.embedded || place.type === SignatureType.primaryKeyBinding)
    malformed("an embedded signature too many");
  // Before it is read, so that nothing is nested in it in turn.
  if (b[1] !== SignatureType.primaryKeyBinding) malformed("an embedded signature of another type");
  return readSignature(b);
}

/** Checks the shape of a subpacket that says nothing that is of use here. False if its type is not known. */
function checkShape(type: number, b: Uint8Array): boolean {
  switch (type) {
    case 4: // exportable
      if (b.length < 1 || b[0] === 0) malformed("a signature that is not for others");
      return true;
    case 5:
      sized(b, 2);
      return true;
    case 6:
      if (b.at(-1) !== 0) malformed("a regular expression without an end");
      return true;
    case 20: {
      const r = new Reader(b);
      r.u32("flags");
      sized(b, 8 + r.u16("name") + r.u16("value"));
      return true;
    }
    case 29:
      if (b.length === 0) malformed("a revocation without a reason");
      return true;
    case 35:
      checkFingerprint(b);
      return true;
    case 39:
      if (b.length % 2 !== 0) malformed("cipher suites");
      return true;
  }
  return [11, 21, 22, 23, 24, 26, 28, 30].includes(type);
}

/** Whether a signature says that it is by a key, or does not say by which. */
export function mayBeBy(s: Signature, key: PGPKey): boolean {
  if (s.issuerID === undefined) return true;
  const { issuer } = s;
  if (issuer && issuer.version !== 0) {
    return issuer.version === key.version && issuer.fingerprint === encodeHex(key.fingerprint);
  }
  return s.issuerID === key.keyID;
}

/** The number at a place among the values. */
export function valueOf(s: Signature, i: number): bigint {
  return numberOf(s.values[i] ?? new Uint8Array(0));
}
