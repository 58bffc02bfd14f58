/** What the words for weaknesses of keys mean (docs/keyset.md). */
const words: Readonly<Record<string, string>> = {
  "private-key": "This is a private key, and by now it is public. Everybody can use it.",
  malformed: "It is not a valid key of its format.",
  dsa: "DSA is no longer safe to rely on.",
  "rsa-small-factor": "Its modulus has a small factor: it can be broken.",
  roca: "Its modulus has the form of CVE-2017-15361: it can be broken.",
  "sha1-binding": "Nothing better than SHA-1 holds the parts of the certificate together.",
  "sha1-signature": "The certificate is signed over SHA-1.",
  "md5-signature": "The certificate is signed over MD5.",
  unbound: "No signature of the primary key is over its user ids or itself.",
  "unbound-subkey": "A subkey is not signed by the primary key: it may be a stranger’s.",
  unchecked: "It has more signatures than are verified here.",
};

/** The words with the size of a key in bits. */
const sized: readonly [RegExp, string][] = [
  [/^(rsa|elgamal)-(\d+)$/, "bits are too few: 2,048 is the least."],
  [/^ecc-(\d+)$/, "bits are too few: 256 is the least."],
];

/** What a word for a weakness means. */
export function weaknessWords(word: string): string {
  const known = words[word];
  if (known !== undefined) return known;
  for (const [pattern, text] of sized) {
    const bits = pattern.exec(word)?.at(-1);
    if (bits !== undefined) return `${bits} ${text}`;
  }
  return "A reason not to rely on it that this page has no words for.";
}
