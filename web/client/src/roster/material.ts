import { sha256 } from "@noble/hashes/sha2.js";

import { concat, decodeBase64, encodeHex } from "../bytes.js";
import { Reader } from "../codec.js";
import { Format, type Key } from "../keyset/index.js";
import { parseCertificate } from "../keyset/certificate.js";
import { DER, Tag } from "../keyset/der.js";
import { attempt, latin1 } from "../keyset/facts.js";
import { keyPackageSigner } from "../keyset/keypackage.js";

/**
 * Identifies a key by its public key itself, for the formats that can hold the same one: who
 * has the private key to one has that to the other. Undefined: the format and fingerprint
 * identify it. It throws nothing.
 */
export function materialOf({ format, data }: Key): string | undefined {
  switch (format) {
    case Format.ed25519:
      return raw("ed25519", data);
    case Format.x25519:
      return raw("x25519", data);
    case Format.p256:
      return raw("p256", data);
    case Format.signal: // a type octet and an X25519 key
      return data[0] === 5 ? raw("x25519", data.subarray(1)) : undefined;
    case Format.ssh:
      return attempt(() => ssh(new Reader(data)));
    case Format.jwk:
      return jwk(latin1(data));
    case Format.x509: // a renewed certificate has the same key
      return attempt(() => `x509 ${encodeHex(sha256(subjectPublicKeyInfo(data)))}`);
    case Format.mlsSignature:
      return data.length > 2 ? mls(((data[0] ?? 0) << 8) | (data[1] ?? 0), data.subarray(2)) : undefined;
    case Format.mlsKeyPackage: // KeyPackages come and go, the device stays
      return attempt(() => {
        const { suite, key } = keyPackageSigner(data);
        return mls(suite, key);
      });
  }
  return undefined;
}

const sizes: Record<string, number> = { ed25519: 32, x25519: 32, p256: 65, ed448: 57, p384: 97, p521: 133 };

function raw(kind: string, data: Uint8Array): string | undefined {
  return data.length === sizes[kind] ? `${kind} ${encodeHex(data)}` : undefined;
}

/** A blob of RFC 8709 or RFC 5656. */
function ssh(r: Reader): string | undefined {
  const kind = latin1(r.opaque(4, "type"));
  if (kind === "ecdsa-sha2-nistp256" && latin1(r.opaque(4, "curve")) !== "nistp256") return undefined;
  const name = { "ssh-ed25519": "ed25519", "ecdsa-sha2-nistp256": "p256" }[kind];
  if (!name) return undefined;
  const key = r.opaque(4, "key");
  r.end();
  return raw(name, key);
}

const okp = /^\{"crv":"(Ed25519|X25519)","kty":"OKP","x":"([A-Za-z0-9_-]{43})"\}$/;
const ec = /^\{"crv":"P-256","kty":"EC","x":"([A-Za-z0-9_-]{43})","y":"([A-Za-z0-9_-]{43})"\}$/;

/** A JWK as key sets have them. */
function jwk(text: string): string | undefined {
  const [, curve = "", u = ""] = okp.exec(text) ?? [];
  if (u !== "") return raw(curve.toLowerCase(), coordinate(u));
  const [, x = "", y = ""] = ec.exec(text) ?? [];
  return x === "" ? undefined : raw("p256", concat(Uint8Array.of(4), coordinate(x), coordinate(y)));
}

/** 32 bytes, from 43 characters of base64url, of which the last may have bits that do not count. */
function coordinate(text: string): Uint8Array {
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  return decodeBase64(`${standard}A`).subarray(0, 32);
}

/** The signature algorithms of the cipher suites of RFC 9420. */
const signatures = ["", "ed25519", "p256", "ed25519", "ed448", "p521", "ed448", "p384"];

/** A signature key of MLS. */
function mls(suite: number, key: Uint8Array): string | undefined {
  const kind = signatures[suite];
  return kind ? raw(kind, key) : `mls-${suite} ${encodeHex(key)}`;
}

/** The SubjectPublicKeyInfo of a certificate (RFC 5280, Section 4.1), with tag and length. */
function subjectPublicKeyInfo(der: Uint8Array): Uint8Array {
  parseCertificate(der);
  const tbs = new DER(der).inside(Tag.sequence).inside(Tag.sequence);
  tbs.optional(0xa0);
  tbs.element(Tag.integer);
  for (let i = 0; i < 4; i++) tbs.element(Tag.sequence);
  return tbs.element(Tag.sequence).bytes;
}
