import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { decodeHex } from "../src/bytes.js";
import { Refusal } from "../src/errors.js";
import {
  checkKey,
  describeKey,
  diff,
  encodeKeySet,
  fingerprint,
  formatName,
  KeyRefusal,
  lineOf,
  NewerRefusal,
  parseKeySet,
  statusOf,
  type Change,
  type Description,
  type Key,
} from "../src/keyset/index.js";

const testdata = new URL("../../../../client/keyset/testdata/", import.meta.url);

/** Reads the blocks of keys.txt. */
function readVectors(): Map<string, string>[] {
  const text = readFileSync(new URL("keys.txt", testdata), "utf8").replace(/^#.*\n/gm, "");
  const blocks = text.split("\n\n").map((block) => {
    const lines = block.split("\n").filter((line) => line.includes(": "));
    return new Map(
      lines.map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)]),
    );
  });
  return blocks.filter((b) => b.size > 0);
}

const formats = Array.from({ length: 14 }, (_, i) => formatName(i));

function keyOf(v: Map<string, string>): Key {
  const format = formats.indexOf(v.get("format") ?? "");
  assert.ok(format > 0, v.get("format"));
  return { format, data: decodeHex(v.get("data") ?? ""), name: "", attributes: [] };
}

test("keys of every format, as the programs that made them show them", () => {
  const vectors = readVectors();
  assert.equal(vectors.length, 44);
  for (const v of vectors) {
    const name = v.get("name");
    const k = keyOf(v);
    checkKey(k);
    const d = describeKey(k);
    assert.equal(d.fingerprint, v.get("fingerprint"), name);
    assert.equal(fingerprint(k), v.get("fingerprint"), name);
    const description = v.get("description");
    if (description)
      assert.ok(d.description.startsWith(`${v.get("format")} ${description} `), `${name}: ${d.description}`);
    assert.equal(
      d.expires && Date.parse(d.expires) / 1000,
      v.has("expires") ? Number(v.get("expires")) : undefined,
      name,
    );
    assert.equal(d.revoked === true, v.get("revoked") === "yes", name);
    assert.equal((d.weak ?? []).join(" "), v.get("weak") ?? "", name);
  }
  assert.equal(new Set(vectors.map((v) => v.get("format"))).size, 13);
});

/** What the other implementation says: client/keyset/cross_test.go. */
interface CrossVectors {
  keys: {
    format: number;
    data: string;
    name: string;
    attributes: { type: number; data: string }[];
    check: string;
    description: Description;
    at: { time_ms: number; status: string; line: string }[];
  }[];
  sets: { value: string; result: string; flipped: string }[];
  diffs: {
    old: Description[];
    new: Description[];
    added: string[];
    removed: string[];
    replaced: [string, string][];
    updated: [string, string][];
    unchanged: string[];
  }[];
}

const cross = JSON.parse(readFileSync(new URL("descriptions.json", testdata), "utf8")) as CrossVectors;

function checkWord(key: Key): string {
  try {
    checkKey(key);
    return "";
  } catch (e) {
    if (e instanceof KeyRefusal) return e.reason;
    assert.ok(e instanceof Refusal, String(e));
    return "malformed";
  }
}

test("good and bad keys, as the other implementation describes them", () => {
  assert.equal(cross.keys.length, 359);
  const said = new Map<string, number>();
  for (const v of cross.keys) {
    const attributes = v.attributes.map((a) => ({ type: a.type, data: decodeHex(a.data) }));
    const key = { format: v.format, data: decodeHex(v.data), name: v.name, attributes };
    const d = describeKey(key);
    assert.deepEqual(d, v.description);
    assert.equal(checkWord(key), v.check, v.data);
    said.set(v.check, (said.get(v.check) ?? 0) + 1);
    for (const { time_ms, status, line } of v.at) {
      assert.equal(statusOf(d, time_ms), status);
      assert.equal(lineOf(d, time_ms), line);
    }
  }
  for (const word of ["", "malformed", "private-key", "unsupported"])
    assert.ok((said.get(word) ?? 0) > 4, word);
});

function parseWord(bytes: Uint8Array): string {
  try {
    assert.deepEqual(encodeKeySet(parseKeySet(bytes)), bytes);
    return "good";
  } catch (e) {
    assert.ok(e instanceof Refusal && e.kind === "malformed", String(e));
    return e instanceof NewerRefusal ? "newer" : "malformed";
  }
}

test("encodings of sets that are refused", () => {
  assert.equal(cross.sets.length, 29);
  let flips = 0;
  for (const { value, result, flipped } of cross.sets) {
    const bytes = decodeHex(value);
    assert.equal(parseWord(bytes), result, value);
    [...flipped].forEach((letter, i) => {
      const bad = bytes.slice();
      bad[i] = (bad[i] ?? 0) ^ (1 << (i % 8));
      assert.equal(parseWord(bad)[0], letter, `byte ${i} of ${value}`);
      flips++;
    });
  }
  assert.ok(flips >= 210, `${flips}`);
});

test("changes", () => {
  assert.equal(cross.diffs.length, 32);
  const hashes = (list: Description[]) => list.map((d) => d.sha256);
  const pairs = (list: Change[]) => list.map((c) => [c.old.sha256, c.new.sha256]);
  for (const v of cross.diffs) {
    const c = diff(v.old, v.new);
    assert.deepEqual(
      [hashes(c.added), hashes(c.removed), pairs(c.replaced), pairs(c.updated), hashes(c.unchanged)],
      [v.added, v.removed, v.replaced, v.updated, v.unchanged],
    );
  }
});
