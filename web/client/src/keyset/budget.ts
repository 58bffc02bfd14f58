/**
 * What may be spent on verifying signatures, in about what one over Ed25519 takes. The numbers
 * are those of the other implementation, so that both verify the same (docs/keyset.md, "What
 * is said of a key").
 */
export const budgetOfKey = 1000;
export const budgetOfSet = 10000;

/** Limits the time that one key may take. */
export interface Budget {
  left: number;
  /** Something was not verified. */
  cut: boolean;
}

/** Reports whether a signature may be verified, and counts it. */
export function spend(b: Budget, cost: number): boolean {
  if (cost > b.left) {
    b.cut = true;
    return false;
  }
  b.left -= cost;
  return true;
}

export const cost = {
  ed448: 5,
  p384: 10,
  p521: 40,
  plain: 60,
  large: 200,
  postQuantum: 20,
  dsa: 20,
} as const;

/** The cost of verifying with an RSA modulus of so many bits. */
export function rsaCost(bits: number): number {
  return Math.max(1, Math.floor((bits * bits) / 2 ** 21));
}
