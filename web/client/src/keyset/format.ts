/** The registry of formats of keys (docs/keyset.md, "Formats"). */
export const Format = {
  openPGP: 1,
  ssh: 2,
  age: 3,
  x509: 4,
  jwk: 5,
  ed25519: 6,
  x25519: 7,
  p256: 8,
  mlkem768: 9,
  mlkem1024: 10,
  signal: 11,
  mlsSignature: 12,
  mlsKeyPackage: 13,
} as const;

const formatNames = [
  "",
  "OpenPGP",
  "SSH",
  "age",
  "X.509",
  "JWK",
  "Ed25519",
  "X25519",
  "P-256",
  "ML-KEM-768",
  "ML-KEM-1024",
  "Signal",
  "MLS-signature",
  "MLS-KeyPackage",
];

/** The format's name, or "format-N" for one that is not known here. */
export function formatName(format: number): string {
  return formatNames[format] || `format-${format}`;
}

/** Types of the extensions of a set. docs/account.md says what they hold. */
export const ExtensionType = { accountKey: 1, accountSignature: 2, resetAnnouncement: 3 } as const;

/** The type of the attribute that says what a key is for: octets in strictly ascending order. */
export const attributePurpose = 1;

const purposeNames = ["", "signing", "encryption", "authentication", "messaging"];

/** The purpose's name, or "purpose-N" for one that is not known here. */
export function purposeName(purpose: number): string {
  return purposeNames[purpose] || `purpose-${purpose}`;
}
