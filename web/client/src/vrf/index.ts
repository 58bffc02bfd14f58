import { KT_128_SHA256_P256, type CipherSuite } from "../suite.js";
import type { VrfPublicKey } from "./ecvrf.js";
import { parseEdwards25519 } from "./edwards25519.js";
import { parseP256 } from "./p256.js";

export { type VrfPublicKey, vrfOutputSize } from "./ecvrf.js";

/**
 * Parses and validates the public key of a suite's VRF: ECVRF-P256-SHA256-TAI, a compressed point
 * of 33 bytes, or ECVRF-EDWARDS25519-SHA512-TAI, 32 bytes. Throws a Refusal of the kind
 * "malformed".
 */
export function parseVrfPublicKey(suite: CipherSuite, bytes: Uint8Array): VrfPublicKey {
  return suite === KT_128_SHA256_P256 ? parseP256(bytes) : parseEdwards25519(bytes);
}
