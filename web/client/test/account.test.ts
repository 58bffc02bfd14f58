import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import fc from "fast-check";

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
  stands,
  verifyAttestation,
  verifyMessage,
  type AccountKey,
  type State,
  type Status,
  type Version,
} from "../src/account/index.js";
import { decodeHex, encodeBase64, encodeHex, encodeUtf8 } from "../src/bytes.js";
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
  assert.equal(vectors.bad_keys.length, 30);
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
  assert.equal(vectors.statements.length, 23);
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
  assert.equal(vectors.histories.length, 13);
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

test("whatever the bytes are, there is a status or a refusal, and who did not sign changes no key", () => {
  const versions = vectors.histories.flatMap((h) =>
    h.versions.slice(1).map((v, i) => ({ label: h.label, before: h.versions[i]?.after, v })),
  );
  const change = fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.nat(2) });
  const damage = fc.array(change, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.nat(versions.length - 1), damage, (which, changes) => {
      const { label, before, v } = versions[which] ?? assert.fail();
      if (!before || !v.value) return;
      const bytes = [...decodeHex(v.value)];
      for (const { at, byte, kind } of changes) {
        if (kind === 0) bytes[at % bytes.length] = byte;
        else bytes.splice(at % bytes.length, kind - 1, byte);
      }
      const value = encodeHex(Uint8Array.from(bytes));
      if (value === v.value || bytes.length === 0) return;
      const { state, status } = follow(before, versionOf(label, { ...v, value }));
      assert.ok(before.key === undefined || before.incomplete || !stands(status), `${status}: ${value}`);
      if (!stands(status)) assert.deepEqual([state.key, state.body], [before.key, before.body]);
    }),
    { numRuns: 500 },
  );
});

test("whatever the bytes are, keys and attestations are read or refused", () => {
  const key = parseAccountKey(vectors.keys[0]?.text ?? "");
  const refused = (f: () => unknown) => assert.throws(f, Refusal);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.string(), (bytes, text) => {
      refused(() => verifyAttestation(encodeUtf8("a"), key, text));
      refused(() => verifyAttestation(encodeUtf8("a"), key, encodeBase64(bytes)));
      refused(() => parseAccountKey(text));
      refused(() => parseAccountKey(`p256:${text}`));
      refused(() => readKey(encodeHex(bytes)));
      assert.equal(verifyMessage(key, bytes, bytes), false);
    }),
    { numRuns: 300 },
  );
});
