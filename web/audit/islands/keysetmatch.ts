/** What somebody reads out or pastes of a label's keys, held against the verified ones. */
import { compareDigits, digitsIn, type DigitsComparison } from "./digits.js";
import { bareHex } from "./headspaste.js";

/** A key set as this browser verified it. */
export interface OwnKeys {
  /** As `kt lookup` prints them. */
  readonly fingerprints: readonly string[];
  /** Of the value, in hexadecimal. */
  readonly sha256: string;
  /** Sixty digits. */
  readonly digits: string;
}

/** What a comparison of key sets says. */
export type KeysComparison =
  | { readonly kind: "empty" }
  /** Nothing in it is a fingerprint, a SHA-256, or digits. */
  | { readonly kind: "unknown" }
  | { readonly kind: "same"; readonly by: "digits" | "value" | "fingerprints" }
  | { readonly kind: "digits"; readonly digits: DigitsComparison }
  /** Some fingerprints are the same, or none. */
  | {
      readonly kind: "fingerprints";
      readonly same: readonly string[];
      /** Those of the set that were not told. */
      readonly untold: readonly string[];
      /** Those that were told, and are not in the set. */
      readonly foreign: readonly Foreign[];
    };

/** A fingerprint that is not in the set. */
export interface Foreign {
  readonly text: string;
  /** The fingerprint of the set that it is almost, and the groups of four in which it differs, from 1. */
  readonly near?: { readonly fingerprint: string; readonly groups: readonly number[] };
}

/** The longest text that is looked at, in characters. */
const maxText = 64 << 10;

/** Compares. Only "same" means that the sets are the same. */
export function compareKeySets(own: OwnKeys, text: string): KeysComparison {
  if (text.trim() === "") return { kind: "empty" };
  if (text.length > maxText) return { kind: "unknown" };
  const hex = bareHex(text);
  if (hex === own.sha256 && !own.fingerprints.some((f) => bareHex(f) === hex))
    return { kind: "same", by: "value" };
  if (/^[0-9]{20,}$/.test(digitsIn(text))) {
    const digits = compareDigits(own.digits, text);
    return digits.kind === "same" ? { kind: "same", by: "digits" } : { kind: "digits", digits };
  }
  return compareFingerprints(own, text);
}

function compareFingerprints(own: OwnKeys, text: string): KeysComparison {
  const lines = text.split(/[\n,;]/).map((line) => line.trim());
  const told = new Set<string>();
  const foreign: Foreign[] = [];
  for (const line of lines) {
    const found = own.fingerprints.filter((fingerprint) => isIn(fingerprint, line));
    found.forEach((fingerprint) => told.add(fingerprint));
    const candidate = found.length === 0 ? candidateIn(line) : undefined;
    if (candidate !== undefined) foreign.push(nearest(own.fingerprints, candidate));
  }
  const same = own.fingerprints.filter((fingerprint) => told.has(fingerprint));
  const untold = own.fingerprints.filter((fingerprint) => !told.has(fingerprint));
  if (same.length === 0 && foreign.length === 0) return { kind: "unknown" };
  if (untold.length === 0 && foreign.length === 0) return { kind: "same", by: "fingerprints" };
  return { kind: "fingerprints", same, untold, foreign };
}

const isHex = (fingerprint: string) => /^[0-9a-f]{16,}$/.test(bareHex(fingerprint));

/** Whether a line has a fingerprint: in any case and groups if it is hexadecimal, else as it is. */
function isIn(fingerprint: string, line: string): boolean {
  if (!isHex(fingerprint)) return line.replace(/\s+/g, "").includes(fingerprint);
  const bare = bareHex(fingerprint);
  const runs = bareHex(line).match(/[0-9a-f]{16,}/g) ?? [];
  return runs.some((run) => run === bare || (run.endsWith(bare) && run.length < bare.length + 8));
}

/** What in a line looks like a fingerprint. */
function candidateIn(line: string): string | undefined {
  const [hex] = line.match(/(?:[0-9a-f]{2}[\s:.-]?){8,}/gi) ?? [];
  if (hex !== undefined) return bareHex(hex);
  return line.match(/(?:SHA256:)?[A-Za-z0-9_+/-]{24,}/)?.[0];
}

function nearest(all: readonly string[], text: string): Foreign {
  const groups = fours(text);
  for (const fingerprint of all) {
    const own = fours(fingerprint);
    if (own.join("").length !== groups.join("").length) continue;
    const differing = own.flatMap((group, i) => (group === groups[i] ? [] : [i + 1]));
    if (differing.length * 2 <= own.length) return { text, near: { fingerprint, groups: differing } };
  }
  return { text };
}

function fours(text: string): string[] {
  const bare = isHex(text) ? bareHex(text) : text.replace(/\s+/g, "");
  return bare.match(/.{1,4}/g) ?? [];
}
