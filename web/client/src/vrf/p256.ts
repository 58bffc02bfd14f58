import { normalizeZ } from "@noble/curves/abstract/curve.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";

import { concat } from "../bytes.js";
import { decodeP256, p256, type P256Point } from "../curve.js";
import { Refusal } from "../errors.js";
import { type EcvrfSuite, verify, type VrfPublicKey } from "./ecvrf.js";

/**
 * Encodes points in the compressed form of SEC 1, with one inversion for all of them. The point
 * at infinity has none of this size; no proof that verifies leads there.
 */
function encode(points: P256Point[]): Uint8Array[] {
  if (points.some((p) => p.is0())) throw new Refusal("proof", "VRF proof: the point at infinity");
  return normalizeZ(p256(), points).map((p) => p.toBytes());
}

const compressed = Uint8Array.of(2);

/** ECVRF-P256-SHA256-TAI: RFC 9381, Section 5.5. */
function suite(): EcvrfSuite<P256Point> {
  const { BASE, Fn } = p256();
  return {
    suiteString: 1,
    pointSize: 33,
    hash: sha256,
    decode: decodeP256,
    encode,
    // SPEC: interpret_hash_value_as_a_point(s) = string_to_point(0x02 || s)
    fromHash: (hash) => decodeP256(concat(compressed, hash)),
    clearCofactor: (p) => p,
    scalar: (b) => {
      const s = bytesToNumberBE(b);
      return Fn.isValid(s) ? s : undefined;
    },
    challenge: bytesToNumberBE,
    combine: (s, p, c, q) => p.mulAddUnsafe(s, q.negate(), c),
    base: BASE,
  };
}

/**
 * Parses a public key: a compressed point of 33 bytes. There are no points of small order but the
 * one at infinity, which has no encoding of this size.
 */
export function parseP256(bytes: Uint8Array): VrfPublicKey {
  const point = bytes.length === 33 ? decodeP256(bytes) : undefined;
  if (point === undefined) throw new Refusal("malformed", "the VRF public key is not a compressed point");
  const key = { point, bytes: bytes.slice() };
  const ecvrf = suite();
  return { verify: (alpha, proof) => verify(ecvrf, key, alpha, proof) };
}
