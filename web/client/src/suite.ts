// The registered cipher suites: KEYTRANS, "KT Cipher Suites". Both hash with SHA-256 and have
// openings of 16 bytes.

/** A registered cipher suite. */
export type CipherSuite = 1 | 2;

/** The code points of the cipher suites: KEYTRANS, "KT Cipher Suites". */
export const KT_128_SHA256_P256 = 0x0001;
export const KT_128_SHA256_Ed25519 = 0x0002;

/** Nc: the size in bytes of a commitment's opening. */
export const openingSize = 16;

/** The size in bytes of the longest label. */
export const maxLabelSize = 255;

/** VRF.Np: the size in bytes of a VRF proof. Nothing in a message says it. */
export function vrfProofSize(suite: CipherSuite): number {
  return suite === KT_128_SHA256_P256 ? 81 : 80;
}

/** Returns the registered name. */
export function cipherSuiteName(suite: CipherSuite): string {
  return suite === KT_128_SHA256_P256 ? "KT_128_SHA256_P256" : "KT_128_SHA256_Ed25519";
}
