import { Refusal } from "../errors.js";
import type { CipherSuite } from "../suite.js";

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

/**
 * Parses and validates the public key of a suite's VRF: ECVRF-P256-SHA256-TAI or
 * ECVRF-EDWARDS25519-SHA512-TAI of RFC 9381. Throws a Refusal of the kind "malformed".
 */
export function parseVrfPublicKey(suite: CipherSuite, bytes: Uint8Array): VrfPublicKey {
  throw new Refusal("malformed", `TODO ${suite}${bytes}`);
}
