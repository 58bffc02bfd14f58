import { ml_dsa65, ml_dsa87 } from "@noble/post-quantum/ml-dsa.js";
import { slh_dsa_shake_128f, slh_dsa_shake_128s, slh_dsa_shake_256s } from "@noble/post-quantum/slh-dsa.js";

import { concat } from "../../bytes.js";
import { verifyEd25519 } from "../../signature.js";
import { verifyECDSA } from "../curves.js";
import { verifyEd448 } from "../edwards.js";
import { verifyDSA } from "../dsa.js";
import { attempt } from "../facts.js";
import { bitLength } from "../numbers.js";
import { verifyPKCS1 } from "../rsa.js";
import { Algorithm, uint32, type PGPKey } from "./key.js";
import { valueOf, type Signature } from "./signature.js";

/** The data that a signature over a key alone is of: direct-key signatures and revocations. */
export function overKey(key: PGPKey): Uint8Array {
  return key.hashed;
}

/** The data that a signature over a subkey is of. */
export function overSubkey(key: PGPKey, sub: PGPKey): Uint8Array {
  return concat(key.hashed, sub.hashed);
}

/** The data that a certification of a user id is of. */
export function overUserID(key: PGPKey, id: Uint8Array): Uint8Array {
  return concat(key.hashed, Uint8Array.of(0xb4), uint32(id.length), id);
}

/**
 * Reports whether a signature over data is the key's (RFC 9580, Section 5.2.4). Requires a key
 * whose numbers have been checked.
 */
export function verify(key: PGPKey, data: Uint8Array, s: Signature): boolean {
  if (key.algorithm !== s.algorithm) return false;
  const digest = s.hash.hash(concat(s.salt, data, s.suffix));
  if (s.version === 6 && (digest[0] !== s.digestTag[0] || digest[1] !== s.digestTag[1])) return false;
  const m = key.material;
  switch (m.kind) {
    case "rsa": {
      const size = Math.ceil(bitLength(m.rsa.n) / 8);
      const [value = new Uint8Array(0)] = s.values;
      return verifyPKCS1(m.rsa, s.hash.name, digest, padded(value, size));
    }
    case "dsa":
      return verifyDSA(m.dsa, digest, valueOf(s, 0), valueOf(s, 1));
    case "ecdsa":
      return verifyECDSA(m.curve, m.point, digest, valueOf(s, 0), valueOf(s, 1));
    case "eddsa":
      return verifyEdwards(m.point, digest, s);
    case "mldsa": {
      const scheme = m.point.length === 32 ? ml_dsa65 : ml_dsa87;
      return verifyEdwards(m.point, digest, s) && verifyNative(scheme, m.key, digest, s.values[1]);
    }
    case "slhdsa":
      return verifyNative(slhdsa[key.algorithm], m.key, digest, s.values[0]);
  }
  return false;
}

function verifyEdwards(point: Uint8Array, digest: Uint8Array, s: Signature): boolean {
  return point.length === 32
    ? verifyEd25519(point, digest, native25519(s))
    : verifyEd448(point, digest, native448(s));
}

type Scheme = Pick<typeof ml_dsa65, "verify">;

/** SLH-DSA (RFC 9980), by the number of the algorithm. */
const slhdsa: Record<number, Scheme> = {
  32: slh_dsa_shake_128s,
  33: slh_dsa_shake_128f,
  34: slh_dsa_shake_256s,
};

function verifyNative(
  scheme: Scheme | undefined,
  key: Uint8Array,
  digest: Uint8Array,
  value?: Uint8Array,
): boolean {
  return attempt(() => value !== undefined && scheme?.verify(value, digest, key)) === true;
}

/** Zeros in front, if there are less bytes than that. */
function padded(b: Uint8Array, size: number): Uint8Array {
  return b.length >= size ? b : concat(new Uint8Array(size - b.length), b);
}

/** The older EdDSA has R and S as numbers, whose leading zeros are gone. */
function native25519(s: Signature): Uint8Array {
  const [r = new Uint8Array(0), scalar = new Uint8Array(0)] = s.values;
  return s.algorithm === Algorithm.eddsa ? concat(padded(r, 32), padded(scalar, 32)) : r;
}

/** And with Ed448, R is an octet and both. */
function native448(s: Signature): Uint8Array {
  const [r = new Uint8Array(0)] = s.values;
  return s.algorithm === Algorithm.eddsa ? r.subarray(1) : r;
}
