import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  accountKeyFingerprint,
  accountKeyText,
  encodeAccountKey,
  follow,
  foreignVersion,
  missingVersion,
  parseAccountKey,
  readAccountKey,
  readVersion,
  verifyAttestation,
  verifyMessage,
  type AccountKey,
  type State,
  type Status,
  type Version,
} from "../src/account/index.js";
import { decodeHex, encodeHex, encodeUtf8 } from "../src/bytes.js";
import { parse } from "../src/codec.js";
import { Refusal } from "../src/errors.js";
import { parseKeySet } from "../src/keyset/index.js";

interface Vectors {
  keys: { name: string; encoded: string; text: string; fingerprint: string }[];
  bad_keys: { name: string; encoded: string }[];
  statements: { name: string; key: string; message: string; signature: string; valid: boolean }[];
  histories: {
    name: string;
    label: string;
    versions: { number: number; commitment: string; value?: string; status: Status; after: State }[];
  }[];
  attestations: {
    name: string;
    label: string;
    key: string;
    line: string;
    valid: boolean;
    version?: number;
    commitment?: string;
    tree_size?: number;
    root?: string;
    time_ms?: number;
  }[];
}

const file = new URL("../../../../client/account/testdata/account.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;

const readKey = (hex: string): AccountKey => parse(decodeHex(hex), readAccountKey);

test("account keys", () => {
  assert.equal(vectors.keys.length, 4);
  for (const v of vectors.keys) {
    const key = readKey(v.encoded);
    assert.equal(accountKeyText(key), v.text, v.name);
    assert.equal(accountKeyFingerprint(key), v.fingerprint, v.name);
    assert.equal(encodeHex(encodeAccountKey(parseAccountKey(v.text))), v.encoded, v.name);
  }
  assert.equal(vectors.bad_keys.length, 23);
  for (const v of vectors.bad_keys) assert.throws(() => readKey(v.encoded), Refusal, v.name);
});

test("text that is no account key", () => {
  const good = vectors.keys[0]?.text ?? "";
  const bad = [
    "",
    ":",
    "ed25519",
    "ed25519:",
    "p256" + good.slice(7),
    "rsa" + good.slice(7),
    good + "=",
    good + "\n",
  ];
  for (const text of [...bad, good.slice(0, -1), good.slice(0, -1) + "B", good.toUpperCase()]) {
    assert.throws(() => parseAccountKey(text), Refusal, text);
  }
});

test("signatures", () => {
  assert.equal(vectors.statements.length, 12);
  for (const v of vectors.statements) {
    const key = parseAccountKey(v.key);
    assert.equal(verifyMessage(key, decodeHex(v.message), decodeHex(v.signature)), v.valid, v.name);
  }
});

function versionOf(label: string, v: Vectors["histories"][0]["versions"][0]): Version {
  const [name, commitment] = [encodeUtf8(label), decodeHex(v.commitment)];
  if (!v.value) return missingVersion(name, v.number, commitment);
  try {
    return readVersion(name, v.number, commitment, parseKeySet(decodeHex(v.value)));
  } catch (e) {
    assert.ok(e instanceof Refusal);
    return foreignVersion(name, v.number, commitment);
  }
}

test("histories", () => {
  assert.equal(vectors.histories.length, 9);
  const seen = new Set<Status>();
  for (const h of vectors.histories) {
    let state: State | undefined;
    for (const v of h.versions) {
      const got = follow(state, versionOf(h.label, v));
      assert.equal(got.status, v.status, `${h.name}, version ${v.number}`);
      assert.deepEqual(got.state, v.after, `${h.name}, version ${v.number}`);
      seen.add(v.status);
      state = v.after; // what was retained comes from a file
    }
  }
  assert.equal(seen.size, 10);
});

test("a version out of order is unsigned and changes nothing", () => {
  const h = vectors.histories[0];
  const [first, second] = h?.versions ?? [];
  assert.ok(h && first && second);
  assert.deepEqual(follow(second.after, versionOf(h.label, first)), {
    state: second.after,
    status: "unsigned",
  });
  assert.deepEqual(follow(first.after, versionOf(h.label, first)), {
    state: first.after,
    status: "unsigned",
  });
});

test("another label, another place, another bit: unsigned", () => {
  const h = vectors.histories[0];
  const v = h?.versions[1];
  const before = h?.versions[0]?.after;
  assert.ok(h && v && before && v.value);
  assert.equal(follow(before, versionOf("bob@example.org", v)).status, "unsigned");
  assert.equal(follow({ ...before, commitment: "ff".repeat(32) }, versionOf(h.label, v)).status, "unsigned");
  let refused = 0;
  const value = decodeHex(v.value);
  for (let i = 0; i < value.length; i++) {
    const bad = value.slice();
    bad[i] = (bad[i] ?? 0) ^ (1 << (i % 8));
    assert.equal(
      follow(before, versionOf(h.label, { ...v, value: encodeHex(bad) })).status,
      "unsigned",
      `byte ${i}`,
    );
    refused++;
  }
  assert.equal(refused, value.length);
});

test("attestations", () => {
  assert.equal(vectors.attestations.length, 6);
  for (const v of vectors.attestations) {
    const verify = () => verifyAttestation(encodeUtf8(v.label), parseAccountKey(v.key), v.line);
    if (!v.valid) {
      assert.throws(verify, (e: unknown) => e instanceof Refusal && e.kind === "signature", v.name);
      continue;
    }
    const a = verify();
    assert.deepEqual(
      [a.version, encodeHex(a.commitment), a.treeSize, encodeHex(a.root), a.time],
      [v.version, v.commitment, v.tree_size, v.root, v.time_ms],
    );
    for (const line of [
      "",
      v.line + "\n",
      v.line.slice(0, -4),
      v.line.replace(/^A/, "B"),
      "A".repeat(4096),
    ]) {
      const wrong = () => verifyAttestation(encodeUtf8(v.label), parseAccountKey(v.key), line);
      assert.throws(wrong, (e: unknown) => e instanceof Refusal && e.kind === "malformed", line);
    }
  }
});
