import { mulAddUnsafe } from "@noble/curves/abstract/curve.js";
import { FpInvertBatch } from "@noble/curves/abstract/modular.js";
import { bytesToNumberLE } from "@noble/curves/utils.js";
import { sha512 } from "@noble/hashes/sha2.js";

import { decodeEdwards25519, type EdwardsPoint, edwards25519 } from "../curve.js";
import { Refusal } from "../errors.js";
import { type EcvrfSuite, verify, type VrfPublicKey } from "./ecvrf.js";

/** Encodes points as RFC 8032 does, with one inversion for all of them. */
function encode(points: EdwardsPoint[]): Uint8Array[] {
  const { Fp } = edwards25519();
  const inverses = FpInvertBatch(
    Fp,
    points.map((p) => p.Z),
  );
  return points.map((p, i) => {
    const { x, y } = p.toAffine(inverses[i]);
    const b = Fp.toBytes(y);
    b[31] = (b[31] ?? 0) | (x % 2n === 1n ? 0x80 : 0);
    return b;
  });
}

/** ECVRF-EDWARDS25519-SHA512-TAI: RFC 9381, Section 5.5. */
function suite(): EcvrfSuite<EdwardsPoint> {
  const { BASE, Fn } = edwards25519();
  return {
    suiteString: 3,
    pointSize: 32,
    hash: sha512,
    decode: (b) => decodeEdwards25519(b),
    encode,
    fromHash: (hash) => {
      const p = decodeEdwards25519(hash.subarray(0, 32))?.clearCofactor();
      // SPEC: While H is "INVALID" or H is the identity element, try again.
      return p?.is0() ? undefined : p;
    },
    clearCofactor: (p) => p.clearCofactor(),
    scalar: (b) => {
      const s = bytesToNumberLE(b);
      return Fn.isValid(s) ? s : undefined;
    },
    challenge: bytesToNumberLE,
    combine: (s, p, c, q) => mulAddUnsafe(edwards25519(), [p, q.negate()], [s, c]),
    base: BASE,
  };
}

/** Parses a public key: a point of 32 bytes that is canonical and not of small order. */
export function parseEdwards25519(bytes: Uint8Array): VrfPublicKey {
  const point = bytes.length === 32 ? decodeEdwards25519(bytes) : undefined;
  if (point === undefined) {
    throw new Refusal("malformed", "the VRF public key is not the canonical encoding of a point");
  }
  // SPEC: If Y* = cofactor*Y is the identity, output "INVALID".
  if (point.isSmallOrder()) throw new Refusal("malformed", "the VRF public key is a point of small order");
  const key = { point, bytes: bytes.slice() };
  const ecvrf = suite();
  return { verify: (alpha, proof) => verify(ecvrf, key, alpha, proof) };
}
