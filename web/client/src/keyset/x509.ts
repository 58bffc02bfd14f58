import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";

import { encodeHex, equalBytes } from "../bytes.js";
import { verifyEd25519 } from "../signature.js";
import { spend, cost, rsaCost, type Budget } from "./budget.js";
import { outline, parseCertificate, type Certificate } from "./certificate.js";
import { checkPoint, verifyECDSA, type CurveName } from "./curves.js";
import { checkEd25519 } from "./edwards.js";
import { DER, parseECDSASignature, Tag } from "./der.js";
import { checkDSA } from "./dsa.js";
import { attempt, malformed, type Facts } from "./facts.js";
import { bitLength } from "./numbers.js";
import { judgeRSA, verifyPKCS1, verifyPSS, type RSAKey } from "./rsa.js";

// Object identifiers, the content in hexadecimal.
const oidRSA = "2a864886f70d010101";
const oidDSA = "2a8648ce380401";
const oidEC = "2a8648ce3d0201";
const oidEd25519 = "2b6570";
const oidPSS = "2a864886f70d01010a";

/** The named curves that are read, as parameters with tag and length. */
const curves: Record<string, CurveName> = {
  "06052b81040021": "P-224",
  "06082a8648ce3d030107": "P-256",
  "06052b81040022": "P-384",
  "06052b81040023": "P-521",
};

/** SHA-256 of the certificate as openssl prints it; undefined for what is none. */
export function x509Fingerprint(der: Uint8Array): string | undefined {
  if (!attempt(() => outline(der))) return undefined;
  return encodeHex(sha256(der)).toUpperCase().match(/../g)?.join(":");
}

/**
 * Checks a certificate, and its signature if it is its own issuer. Others' signatures are not
 * checked: the directory vouches for the key.
 */
export function inspectX509(der: Uint8Array, facts: Facts, budget: Budget): void {
  const { algorithm, parameters } = outline(der);
  if (algorithm === oidEC && !curves[encodeHex(parameters)]) {
    facts.words = ["ECDSA"]; // a curve that is not read
    return;
  }
  const c = parseCertificate(der);
  const verifier = parseKey(c);
  if (c.notAfter < c.notBefore || c.notAfter < 0)
    malformed("a validity that ends before it begins, or before 1970");
  facts.expires = c.notAfter;
  facts.words = [verifier?.word ?? "0"];
  verifier?.judge(facts);
  judgeSignature(c, verifier, facts, budget);
}

/** What is needed of the subject's key. */
interface Verifier {
  word: string;
  cost: number;
  /** Throws a Refusal for numbers that are no key. */
  judge(facts: Facts): void;
  /** Verifies with the algorithm of the certificate; undefined if that is not known here. */
  verify(c: Certificate): boolean | undefined;
}

/** Reads the subject's key. Undefined for an algorithm that is not known. Throws a Refusal. */
function parseKey(c: Certificate): Verifier | undefined {
  const { oid, parameters } = c.keyAlgorithm;
  switch (oid) {
    case oidRSA:
      return rsaVerifier(c.publicKey, parameters);
    case oidEC:
      return ecVerifier(c.publicKey, curves[encodeHex(parameters)] ?? malformed("a curve"));
    case oidEd25519:
      if (parameters.length > 0 || c.publicKey.length !== 32) malformed("not an Ed25519 key");
      return {
        word: "Ed25519",
        cost: 1,
        judge: () => checkEd25519(c.publicKey),
        verify: (c) =>
          known(c) &&
          c.signatureAlgorithm.oid === oidEd25519 &&
          verifyEd25519(c.publicKey, c.tbs, c.signature),
      };
    case oidDSA:
      return dsaVerifier(c.publicKey, parameters);
  }
  return undefined;
}

function rsaVerifier(publicKey: Uint8Array, parameters: Uint8Array): Verifier {
  if (encodeHex(parameters) !== "0500") malformed("an RSA key without NULL parameters");
  const d = new DER(publicKey).inside(Tag.sequence);
  const key: RSAKey = { n: d.integer(), e: d.integer() };
  if (key.n <= 0n || key.e <= 0n || key.e >= 1n << 63n) malformed("an RSA key with numbers out of range");
  const bits = bitLength(key.n);
  return {
    word: `RSA-${bits}`,
    cost: rsaCost(bits),
    judge: (facts) => judgeRSA(key, facts),
    verify: (c) => known(c) && verifyRSA(key, c),
  };
}

function ecVerifier(point: Uint8Array, curve: CurveName): Verifier {
  checkPoint(curve, point);
  return {
    word: `ECDSA ${curve}`,
    cost: curve === "P-256" ? 1 : curve === "P-384" ? cost.p384 : cost.p521,
    judge: (facts) => void (curve === "P-224" && facts.weak.push("ecc-224")),
    verify(c) {
      const hash = ecdsaHashes[c.signatureAlgorithm.oid];
      const signature = attempt(() => parseECDSASignature(c.signature));
      if (!hash || !signature) return known(c) && false;
      return verifyECDSA(curve, point, hash(c.tbs), signature.r, signature.s);
    },
  };
}

function dsaVerifier(publicKey: Uint8Array, parameters: Uint8Array): Verifier {
  const y = new DER(publicKey).integer();
  const d = new DER(parameters).inside(Tag.sequence);
  const [p, q, g] = [d.integer(), d.integer(), d.integer()];
  if (p <= 0n || q <= 0n || g <= 0n || y <= 0n) malformed("a DSA key with numbers out of range");
  return {
    word: "DSA",
    cost: 1,
    judge(facts) {
      facts.weak.push("dsa");
      checkDSA({ p, q, g, y });
    },
    // The other implementation's library does not verify with DSA either.
    verify: () => undefined,
  };
}

const rsaHashes: Record<
  string,
  { name: "sha256" | "sha384" | "sha512"; hash: (b: Uint8Array) => Uint8Array }
> = {
  "2a864886f70d01010b": { name: "sha256", hash: sha256 },
  "2a864886f70d01010c": { name: "sha384", hash: sha384 },
  "2a864886f70d01010d": { name: "sha512", hash: sha512 },
};

const ecdsaHashes: Record<string, (b: Uint8Array) => Uint8Array> = {
  "2a8648ce3d040302": sha256,
  "2a8648ce3d040303": sha384,
  "2a8648ce3d040304": sha512,
};

/** Signature algorithms that are weak, with the word for it. */
const weakSignatures: Record<string, string> = {
  "2a864886f70d010104": "md5-signature",
  "2a864886f70d010105": "sha1-signature",
  "2b0e03021d": "sha1-signature",
  "2a8648ce380403": "sha1-signature",
  "2a8648ce3d0401": "sha1-signature",
};

const oidDSAWithSHA256 = "608648016503040302";

/** False for an algorithm that is known here; undefined, so that nothing is verified, for one that is not. */
function known({ signatureAlgorithm: a }: Certificate): true | undefined {
  if (a.oid === oidPSS) return pssHash(a.parameters) && true;
  if (a.oid === oidEd25519) return a.parameters.length === 0 || undefined;
  return !!rsaHashes[a.oid] || !!ecdsaHashes[a.oid] || a.oid === oidDSAWithSHA256 || undefined;
}

function verifyRSA(key: RSAKey, c: Certificate): boolean {
  const { oid, parameters } = c.signatureAlgorithm;
  const plain = rsaHashes[oid];
  if (plain) return verifyPKCS1(key, plain.name, plain.hash(c.tbs), c.signature);
  const pss = oid === oidPSS ? pssHash(parameters) : undefined;
  return pss !== undefined && verifyPSS(key, pss.name, pss.hash(c.tbs), c.signature);
}

/** Hashes by the last byte of their object identifier, 2.16.840.1.101.3.4.2.N, and the salt's size. */
const pssHashes: Record<string, [number, string]> = { "01": [32, "0b"], "02": [48, "0c"], "03": [64, "0d"] };

/**
 * The hash of RSASSA-PSS parameters (RFC 4055, Section 3.1), if MGF1 has the same and the salt
 * its size. Parameters of the hashes are NULL or absent.
 */
function pssHash(parameters: Uint8Array): (typeof rsaHashes)[string] | undefined {
  return attempt(() => {
    const d = new DER(parameters).inside(Tag.sequence);
    const hash = hashIn(new DER(d.content(0xa0)).inside(Tag.sequence));
    const mgf = new DER(d.content(0xa1)).inside(Tag.sequence);
    const [size, last] = pssHashes[hash] ?? malformed("another hash");
    const same = mgf.oid() === "2a864886f70d010108" && hashIn(mgf.inside(Tag.sequence)) === hash;
    const salt = new DER(d.content(0xa2)).integer();
    const trailer = d.has(0xa3) ? new DER(d.content(0xa3)).integer() : 1n;
    return same && salt === BigInt(size) && trailer === 1n ? rsaHashes[`2a864886f70d0101${last}`] : undefined;
  });
}

/** The last byte of a hash's object identifier. */
function hashIn(algorithm: DER): string {
  const oid = algorithm.oid();
  if (!algorithm.empty && encodeHex(algorithm.any().bytes) !== "0500") malformed("parameters of a hash");
  if (!oid.startsWith("6086480165030402")) malformed("another hash");
  return oid.slice(16);
}

/** Finds the weakness of the signature. Throws a Refusal if the certificate says that it is signed by itself, and is not. */
function judgeSignature(c: Certificate, verifier: Verifier | undefined, facts: Facts, budget: Budget): void {
  const weak = weakSignatures[c.signatureAlgorithm.oid];
  if (weak) {
    facts.weak.push(weak);
    return;
  }
  const self =
    equalBytes(c.issuer, c.subject) &&
    (c.authorityKeyId.length === 0 || equalBytes(c.authorityKeyId, c.subjectKeyId));
  if (!self || !spend(budget, verifier?.cost ?? 1) || !verifier) return;
  if (verifier.verify(c) === false) malformed("its signature of itself is false");
}
