// Verification of the verifiable random functions of RFC 9381 with try_and_increment. Section
// numbers are those of the RFC. All input is public.

import { concat, equalBytes } from "../bytes.js";
import { Refusal } from "../errors.js";

/** VRF.Nh: the size in bytes of a search key. */
export const vrfOutputSize = 32;

/** A validated public key of a suite's VRF. */
export interface VrfPublicKey {
  /**
   * Verifies a proof for an input and returns the output, a search key. Throws a Refusal of the
   * kind "proof".
   */
  verify(alpha: Uint8Array, proof: Uint8Array): Uint8Array;
}

/** What one of the suites of RFC 9381 is made of. `P` is a point of its group. */
export interface EcvrfSuite<P> {
  suiteString: number;
  /** The size in bytes of a point. */
  pointSize: number;
  hash(message: Uint8Array): Uint8Array;
  /** string_to_point: only canonical encodings of points, not of the identity of P-256. */
  decode(bytes: Uint8Array): P | undefined;
  /** point_to_string of several points. */
  encode(points: P[]): Uint8Array[];
  /** interpret_hash_value_as_a_point and the multiplication by the cofactor. */
  fromHash(hash: Uint8Array): P | undefined;
  clearCofactor(point: P): P;
  /** Returns s, undefined if it is not below the order of the group. */
  scalar(bytes: Uint8Array): bigint | undefined;
  /** string_to_int of a challenge. */
  challenge(bytes: Uint8Array): bigint;
  /** Returns s*P - c*Q. */
  combine(s: bigint, p: P, c: bigint, q: P): P;
  base: P;
}

const challengeSize = 16; // cLen
const scalarSize = 32; // qLen

// Domain separators of Sections 5.4.1.1, 5.4.3 and 5.2.
const encodeToCurveDomain = 1;
const challengeDomain = 2;
const proofToHashDomain = 3;
const back = 0;

function refuse(message: string): never {
  throw new Refusal("proof", `VRF proof: ${message}`);
}

/** ECVRF_encode_to_curve_try_and_increment: Section 5.4.1.1. */
function encodeToCurve<P>(suite: EcvrfSuite<P>, salt: Uint8Array, alpha: Uint8Array): P {
  const b = concat(
    Uint8Array.of(suite.suiteString, encodeToCurveDomain),
    salt,
    alpha,
    Uint8Array.of(0, back),
  );
  for (let ctr = 0; ctr < 256; ctr++) {
    b[b.length - 2] = ctr;
    const h = suite.fromHash(suite.hash(b));
    if (h !== undefined) return h;
  }
  return refuse("no counter leads to a point");
}

/** ECVRF_verify of Section 5.3, with the output truncated to VRF.Nh. */
export function verify<P>(
  suite: EcvrfSuite<P>,
  publicKey: { point: P; bytes: Uint8Array },
  alpha: Uint8Array,
  proof: Uint8Array,
): Uint8Array {
  const { pointSize } = suite;
  if (proof.length !== pointSize + challengeSize + scalarSize) refuse(`${proof.length} bytes`);
  const gammaString = proof.subarray(0, pointSize);
  const cString = proof.subarray(pointSize, pointSize + challengeSize);
  const gamma = suite.decode(gammaString) ?? refuse("Gamma is not the canonical encoding of a point");
  // SPEC: If s >= q, output "INVALID" and stop.
  const s =
    suite.scalar(proof.subarray(pointSize + challengeSize)) ?? refuse("s is not below the group order");
  const c = suite.challenge(cString);
  const h = encodeToCurve(suite, publicKey.bytes, alpha);

  const u = suite.combine(s, suite.base, c, publicKey.point);
  const v = suite.combine(s, h, c, gamma);
  const [hs, us, vs, cleared] = suite.encode([h, u, v, suite.clearCofactor(gamma)]);
  if (hs === undefined || us === undefined || vs === undefined || cleared === undefined) {
    return refuse("a point has no encoding");
  }
  const wanted = suite.hash(
    concat(
      Uint8Array.of(suite.suiteString, challengeDomain),
      publicKey.bytes,
      hs,
      gammaString,
      us,
      vs,
      Uint8Array.of(back),
    ),
  );
  if (!equalBytes(wanted.subarray(0, challengeSize), cString))
    refuse("it does not match the key and the input");
  const beta = concat(Uint8Array.of(suite.suiteString, proofToHashDomain), cleared, Uint8Array.of(back));
  return suite.hash(beta).slice(0, vrfOutputSize);
}
