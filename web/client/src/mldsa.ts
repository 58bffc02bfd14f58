import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js";

/**
 * Verifies an ML-DSA-44 signature (FIPS 204) without a context, for openCheckpoint. It is a
 * module of its own, because few pages need its size. Never throws.
 */
export function verifyMldsa44(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return ml_dsa44.verify(signature, message, publicKey);
  } catch {
    return false;
  }
}
