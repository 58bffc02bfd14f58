import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import fc from "fast-check";

import { compareBytes, decodeHex } from "../src/bytes.js";
import { Refusal } from "../src/errors.js";
import {
  checkKey,
  describe,
  describeKey,
  diff,
  encodeKeySet,
  formatName,
  parseKeySet,
  purposesOf,
  statusOf,
  type Description,
  type Extension,
  type Key,
  type KeySet,
} from "../src/keyset/index.js";

const testdata = new URL("../../../../client/keyset/testdata/", import.meta.url);
const example = decodeHex(
  /^[0-9a-f]+$/m.exec(readFileSync(new URL("keyset.txt", testdata), "utf8"))?.[0] ?? "",
);

function key(data: number[], name = ""): Key {
  return { format: 999, data: Uint8Array.from(data), name, attributes: [] };
}

function set(...keys: Key[]): KeySet {
  return { keys, extensions: [] };
}

test("the example of the document", () => {
  const s = parseKeySet(example);
  assert.deepEqual(
    s.keys.map((k) => [k.format, k.data.length, k.name]),
    [
      [2, 51, "laptop"],
      [6, 32, "Zoë's phone"],
      [6, 32, ""],
      [0xff07, 5, ""],
    ],
  );
  assert.deepEqual(
    s.extensions.map((e) => e.type),
    [1, 2],
  );
  assert.deepEqual(encodeKeySet(s), example);
  assert.deepEqual(encodeKeySet({ keys: s.keys.reverse(), extensions: s.extensions.reverse() }), example);
});

test("what no set can hold is not encoded", () => {
  const extension = (type: number, size = 0): Extension => ({ type, data: new Uint8Array(size) });
  const many = (n: number) => Array.from({ length: n }, (_, i) => extension(i));
  const bad: [string, KeySet][] = [
    ["format 0", set({ ...key([1]), format: 0 })],
    ["no data", set(key([]))],
    ["a key twice", set(key([1], "a"), key([1], "b"))],
    ["a large key", set({ ...key([1]), data: new Uint8Array((256 << 10) + 1) })],
    ["too many keys", set(...Array.from({ length: 1025 }, (_, i) => key([i >> 8, i])))],
    [
      "too many bytes",
      set(...[1, 2, 3, 4].map((i) => ({ ...key([1]), data: new Uint8Array(256 << 10).fill(i) }))),
    ],
    ["a long name", set(key([1], "é".repeat(128)))],
    ["a line break", set(key([1], "a\nb"))],
    ["an override", set(key([1], "a\u202eb"))],
    ["half a pair", set(key([1], "\ud800"))],
    ["an extension twice", { keys: [], extensions: [extension(1), extension(1)] }],
    ["too many extensions", { keys: [], extensions: many(65) }],
    ["a large extension", { keys: [], extensions: [extension(1, 65536)] }],
    ["too many attributes", set({ ...key([1]), attributes: many(65) })],
    ["large attributes", set({ ...key([1]), attributes: [extension(1, 65535)] })],
  ];
  for (const [name, s] of bad) assert.throws(() => encodeKeySet(s), Refusal, name);
  const largest = set(
    ...Array.from({ length: 1024 }, (_, i) => ({ ...key([i >> 8, i]), attributes: many(64) })),
  );
  assert.equal(parseKeySet(encodeKeySet(largest)).keys.length, 1024);
});

test("more than is read", () => {
  const header = [0x47, 0x4c, 0x4b, 0x53, 0, 1];
  assert.throws(() => parseKeySet(new Uint8Array((1 << 20) + 1)), Refusal);
  const keys = Array.from({ length: 1025 }, (_, i) => [9, 9, 0, 0, 2, i >> 8, i & 255, 0, 0, 0]).flat();
  const encoded = Uint8Array.from([
    ...header,
    keys.length >> 16,
    keys.length >> 8,
    keys.length,
    ...keys,
    0,
    0,
    0,
  ]);
  assert.throws(() => parseKeySet(encoded), /more than 1024 keys/);
});

const extensions = fc.uniqueArray(
  fc.record({ type: fc.nat(65535), data: fc.uint8Array({ maxLength: 20 }) }),
  { maxLength: 5, selector: (e) => e.type },
);
const names = fc.string({ unit: "grapheme", maxLength: 20 }).filter((n) => !/[\p{C}\p{Zl}\p{Zp}]/u.test(n));
const keys = fc.record({
  format: fc.integer({ min: 1, max: 65535 }),
  data: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  name: names,
  attributes: extensions,
});
const sets = fc.record({
  keys: fc.uniqueArray(keys, {
    maxLength: 6,
    comparator: (a, b) => a.format === b.format && compareBytes(a.data, b.data) === 0,
  }),
  extensions,
});

/** One of these changed in a few places, cut or made longer. */
function damaged(good: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const change = fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.nat(3) });
  return fc
    .tuple(fc.nat(good.length - 1), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([which, changes]) => {
      const bytes = [...(good[which] ?? [])];
      for (const { at, byte, kind } of changes) {
        const i = at % (bytes.length + 1);
        if (kind === 0) bytes.splice(i, 0, byte);
        else if (kind === 1) bytes.splice(i, 1);
        else if (kind === 2) bytes.splice(i);
        else if (i < bytes.length) bytes[i] = byte;
      }
      return Uint8Array.from(bytes);
    });
}

test("encoding and decoding are each other's reverse", () => {
  fc.assert(
    fc.property(sets, (s) => {
      const encoded = encodeKeySet(s);
      const again = parseKeySet(encoded);
      assert.deepEqual(encodeKeySet(again), encoded);
      assert.equal(again.keys.length, s.keys.length);
      assert.equal(again.extensions.length, s.extensions.length);
    }),
  );
});

test("what is decoded is the one encoding, and all else is refused as malformed", () => {
  const property = (bytes: Uint8Array) => {
    try {
      assert.deepEqual(encodeKeySet(parseKeySet(bytes)), bytes);
    } catch (e) {
      assert.ok(e instanceof Refusal && e.kind === "malformed", String(e));
    }
  };
  fc.assert(fc.property(damaged([example]), property), { numRuns: 2000 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), property));
});

/** The data of the vectors by format. */
function vectors(): Map<number, Uint8Array[]> {
  const text = readFileSync(new URL("keys.txt", testdata), "utf8");
  const formats = new Map(Array.from({ length: 13 }, (_, i) => [formatName(i + 1), i + 1]));
  const found = new Map<number, Uint8Array[]>();
  let format = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith("format: ")) format = formats.get(line.slice(8)) ?? 0;
    if (line.startsWith("data: "))
      found.set(format, [...(found.get(format) ?? []), decodeHex(line.slice(6))]);
  }
  return found;
}

test("damaged keys are described, and checked, without other errors", () => {
  const known = vectors();
  assert.equal(known.size, 13);
  const words =
    /^(private-key|malformed|(rsa|elgamal|ecc)-\d+|dsa|rsa-small-factor|roca|sha1-binding|(sha1|md5)-signature|unbound|unbound-subkey|unchecked)$/;
  for (const [format, good] of known) {
    const property = (data: Uint8Array) => {
      const k = { ...key([1]), format, data };
      const d = describeKey(k);
      assert.ok(
        (d.weak ?? []).every((w) => words.test(w)),
        `${d.weak}`,
      );
      assert.match(d.description, /^[ -~]+$/);
      try {
        checkKey(k);
        assert.ok(!d.weak?.includes("malformed"));
      } catch (e) {
        assert.ok(e instanceof Refusal, String(e));
      }
    };
    fc.assert(fc.property(damaged(good), property), { numRuns: 60 });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), property), { numRuns: 30 });
  }
});

test("names of what JavaScript objects have are no types of keys", () => {
  for (const name of ["constructor", "__proto__", "toString", "valueOf"]) {
    const blob = Uint8Array.from([0, 0, 0, name.length, ...[...name].map((c) => c.charCodeAt(0)), 0]);
    assert.equal(describeKey({ ...key([1]), format: 2, data: blob }).weak, undefined);
  }
});

test("the keys of a set share what may be spent on signatures", () => {
  const slow = { ...key([1]), format: 13, data: vectors().get(13)?.[4] ?? new Uint8Array(0) };
  const fit = 10000 / (2 * 40); // over P-521
  const described = describe(set(...Array.from({ length: fit + 3 }, () => slow)));
  described.forEach((d, i) => assert.equal(d.weak?.[0], i < fit ? undefined : "unchecked", `key ${i}`));
});

test("a certificate with more signatures than are verified is unchecked", () => {
  const cert = vectors().get(1)?.[1] ?? new Uint8Array(0);
  const k = { ...key([1]), format: 1, data: cert };
  assert.equal(describeKey(k).weak, undefined);
  // Behind it come signatures of a user id that do not verify.
  const signature = [0xc2, 21, 4, 0x13, 22, 8, 0, 6, 5, 2, 0x65, 0, 0, 0, 0, 0, 0, 0, 0, 8, 1, 0, 0];
  const many = Array.from({ length: 1001 }, () => signature).flat();
  const data = Uint8Array.from([...cert, 0xcd, 1, 0x61, ...many]);
  assert.deepEqual(describeKey({ ...k, data }).weak, ["unchecked"]);
});

test("purposes and status", () => {
  const withPurposes = (...data: number[]) => ({
    ...key([1]),
    attributes: [{ type: 1, data: Uint8Array.from(data) }],
  });
  assert.deepEqual(purposesOf(withPurposes(1, 4, 99)), ["signing", "messaging", "purpose-99"]);
  for (const bad of [[], [0], [0, 1], [2, 1], [1, 1]]) {
    assert.deepEqual(purposesOf(withPurposes(...bad)), []);
    assert.throws(() => checkKey(withPurposes(...bad)), Refusal);
  }
  const d: Description = {
    format: "SSH",
    fingerprint: "f",
    description: "SSH f",
    sha256: "00",
    expires: "2026-01-02T03:04:05Z",
  };
  const end = Date.UTC(2026, 0, 2, 3, 4, 5);
  assert.deepEqual(
    [end - 1, end, end + 1].map((at) => statusOf(d, at)),
    ["", "", "expired"],
  );
  assert.equal(statusOf({ ...d, revoked: true }, 0), "revoked");
});

test("each key is in exactly one list, and nothing is guessed", () => {
  const description = fc.record({
    format: fc.constantFrom("SSH", "Ed25519", "P-256", "X25519", "ML-KEM-768", "OpenPGP"),
    fingerprint: fc.constantFrom("a", "b", "c", "d"),
    sha256: fc.constantFrom("1", "2", "3", "4", "5"),
    name: fc.constantFrom("", "pc", "phone"),
    description: fc.constant(""),
  });
  const lists = fc.array(description, { maxLength: 8 });
  fc.assert(
    fc.property(lists, lists, (old, now) => {
      const c = diff(old, now);
      const pairs = c.replaced.length + c.updated.length + c.unchanged.length;
      assert.equal(c.removed.length + pairs, old.length);
      assert.equal(c.added.length + pairs, now.length);
      assert.ok(c.replaced.every((r) => r.old.name === r.new.name));
      const back = diff(now, old);
      assert.equal(back.added.length, c.removed.length);
      assert.equal(back.replaced.length, c.replaced.length);
    }),
    { numRuns: 500 },
  );
});
