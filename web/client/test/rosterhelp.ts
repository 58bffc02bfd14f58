import { sha256 } from "@noble/hashes/sha2.js";

import type { Status } from "../src/account/index.js";
import { encodeHex } from "../src/bytes.js";
import { describeKey, fingerprint, Format, type Description, type KeySet } from "../src/keyset/index.js";
import type { Device, History, Version } from "../src/roster/index.js";

/** When the story of a test begins; hours tell times after it. */
const zero = Date.UTC(2026, 2, 1);

export function hours(h: number): number {
  return zero + Math.round(h * 3600_000);
}

/** The X25519 key of a letter. */
export function key(letter: string): Device & { data: Uint8Array } {
  const data = new Uint8Array(32).fill(letter.charCodeAt(0), 0, 31);
  const k = { format: Format.x25519, data, name: "", attributes: [] };
  return { format: k.format, data, fingerprint: fingerprint(k), name: "" };
}

const letters = new Map(Array.from("abcdefghijklmnopqrstuvwxyz", (l) => [key(l).fingerprint, l]));

export function letterOf(d: Description): string {
  return letters.get(d.fingerprint) ?? d.format;
}

/** A version with the keys of letters, of which the time is known within some hours. */
export function smallVersion(
  keys: string[],
  number: number,
  hour: number,
  slack: number,
  account: Status,
): Version {
  const set: KeySet = {
    keys: keys.map((l) => ({ format: Format.x25519, data: key(l).data, name: "", attributes: [] })),
    extensions: [],
  };
  const v: Version = {
    number,
    logEntry: number * 10,
    notAfter: hours(hour + slack),
    commitment: new Uint8Array(32),
    valueSHA256: encodeHex(sha256(Uint8Array.of(number))),
    set,
    keys: set.keys.map(describeKey),
    account,
  };
  if (slack <= 100) v.notBefore = hours(hour - slack);
  if (account !== "") v.key = { algorithm: 1, public: new Uint8Array(32).fill(0x6b) };
  return v;
}

/** A history of versions, oldest first. */
export function history(label: string, versions: Version[]): History {
  const newestFirst = [...versions].reverse();
  const complete = versions[0]?.number === 0;
  return { label, versions: newestFirst, complete, head: { treeSize: 1000, root: "00", time: hours(999) } };
}
