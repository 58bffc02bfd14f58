import { sha256 } from "@noble/hashes/sha2.js";

import { encodeHex } from "../bytes.js";
import { budgetOfKey, budgetOfSet, type Budget } from "./budget.js";
import type { Description } from "./description.js";
import { attempt } from "./facts.js";
import { attributePurpose, formatName, purposeName } from "./format.js";
import { arePurposes, factsOf, fingerprint } from "./inspect.js";
import { encodeKeySet, findExtension, type Key, type KeySet } from "./keyset.js";

/** From then on no key expires: 9999-12-31 23:59:59 UTC, in seconds since 1970. */
const forever = 253402300799;

/**
 * Describes a key. Nothing of it is more than the key says of itself; of a key that checkKey
 * refuses, what can be had. It throws nothing.
 */
export function describeKey(key: Key): Description {
  return describeWithin(key, { left: budgetOfKey, cut: false });
}

/**
 * Describes the keys of a set, in its order. The time that it takes is bounded whatever the set
 * holds: of signatures beyond that, see the weakness "unchecked". That of a set that is made to
 * take long is seconds; describeEach lets a page do something else between keys.
 */
export function describe(set: KeySet): Description[] {
  return [...describeEach(set)];
}

/** Describes the keys of a set one by one, as describe does. */
export function* describeEach(set: KeySet): Generator<Description, void, void> {
  let left = budgetOfSet;
  for (const k of set.keys) {
    const budget = { left: Math.min(left, budgetOfKey), cut: false };
    left -= budget.left;
    const d = describeWithin(k, budget);
    left += budget.left;
    yield d;
  }
}

/** The names of the key's purposes, as its owner gave them; none if the attribute is malformed. */
export function purposesOf(key: Key): string[] {
  const b = findExtension(key.attributes, attributePurpose);
  return b && arePurposes(b) ? [...b].map(purposeName) : [];
}

function describeWithin(key: Key, budget: Budget): Description {
  const facts = factsOf(key, budget);
  const print = fingerprint(key);
  const parts = [formatName(key.format), ...facts.words, print];
  if (key.name !== "") parts.push(quoted(key.name));
  const d: Description = {
    format: formatName(key.format),
    fingerprint: print,
    description: parts.join(" "),
    sha256: hashOf(key),
  };
  if (key.name !== "") d.name = key.name;
  const purposes = purposesOf(key);
  if (purposes.length > 0) d.purposes = purposes;
  if (facts.expires !== undefined && facts.expires < forever) d.expires = rfc3339(facts.expires);
  if (facts.revoked) d.revoked = true;
  if (facts.weak.length > 0) d.weak = [...new Set(facts.weak)].sort();
  return d;
}

/** The hash of the set that holds only this key. Of a key that no set can hold, it is that of nothing. */
function hashOf(key: Key): string {
  const one = attempt(() => encodeKeySet({ keys: [key], extensions: [] }));
  return encodeHex(sha256(one ?? new Uint8Array(0)));
}

function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000", "");
}

/** In quotes, with escapes for what cannot be seen. */
function quoted(name: string): string {
  const escaped = name.replace(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (c) => {
    if (c === '"' || c === "\\") return `\\${c}`;
    const code = (c.codePointAt(0) ?? 0).toString(16);
    return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\U${code.padStart(8, "0")}`;
  });
  return `"${escaped}"`;
}
