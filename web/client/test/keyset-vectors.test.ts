import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { decodeHex } from "../src/bytes.js";
import { checkKey, describeKey, fingerprint, formatName, type Key } from "../src/keyset/index.js";

const testdata = new URL("../../../../client/keyset/testdata/", import.meta.url);

/** Reads the blocks of client/keyset/testdata/keys.txt. */
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

export function keyOf(v: Map<string, string>): Key {
  const format = formats.indexOf(v.get("format") ?? "");
  assert.ok(format > 0, v.get("format"));
  return { format, data: decodeHex(v.get("data") ?? ""), name: "", attributes: [] };
}

test("keys of every format", () => {
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
