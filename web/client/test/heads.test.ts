import assert from "node:assert/strict";
import fc from "fast-check";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { decodeHeads, encodeHeadsFile, encodeHeadsText } from "../src/client/headsfile.js";
import { Client, MemoryStore, Refusal } from "../src/index.js";
import { Directory, temporary } from "./world/directory.js";

test("kt and the browser compare each other's heads", async () => {
  const directory = await Directory.start();
  const friend = directory.publisher();
  friend.publish("alice@example.org", "value");
  const client = await Client.open({ directory: directory.url, store: new MemoryStore() });
  const mine = await client.exportHeads({ signed: true });
  friend.kt("heads");
  const file = join(temporary(), "heads");
  for (const [text, signed] of [
    [mine.file, true],
    [mine.text, false],
  ] as const) {
    writeFileSync(file, text);
    const said = JSON.parse(friend.kt("--json", "heads", "compare", file)) as {
      result: string;
      signed: boolean;
    };
    assert.deepEqual([said.result, said.signed], ["consistent", signed]);
  }
  for (const flags of [["--signed"], [], ["--text"]]) {
    const theirs = friend.kt("heads", "export", ...flags);
    const compared = await client.compareHeads(theirs);
    assert.equal(compared.result, "consistent", flags.join());
    assert.equal(compared.signed, flags.includes("--signed"));
  }
});

const configuration = new Uint8Array(100).fill(7);
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const lists = fc
  .uniqueArray(fc.maxSafeNat(), { minLength: 1, maxLength: 20 })
  .map((list) => list.sort((a, b) => a - b))
  .chain((positions) =>
    fc.tuple(...positions.map((position) => hash.map((root) => ({ position, root, time: undefined })))),
  );

test("a list of heads is the same after a file or a text", () => {
  fc.assert(
    fc.property(lists, (heads) => {
      const text = encodeHeadsText(configuration, heads);
      assert.match(text, /^[A-Z0-9:-]+$/);
      assert.deepEqual(decodeHeads(text, configuration).heads, heads);
      assert.deepEqual(
        decodeHeads(text.toLowerCase().replace(/(.{20})/g, "$1\n"), configuration).heads,
        heads,
      );
      assert.equal(decodeHeads(text, new Uint8Array()).configuration, "another");
      const file = { configuration: "x", heads, signed: undefined };
      assert.deepEqual(decodeHeads(encodeHeadsFile("url", file), configuration), file);
    }),
  );
});

test("a damaged list of heads is refused", () => {
  fc.assert(
    fc.property(lists, fc.nat(), fc.constantFrom(..."ABCDEFGH234567"), (heads, at, other) => {
      const text = encodeHeadsText(configuration, heads);
      const i = 19 + (at % (text.length - 19));
      const damaged = text.slice(0, i) + other + text.slice(i + 1);
      // The last digit has bits that no byte has.
      fc.pre(text[i] !== other && i < text.length - 1);
      assert.throws(() => decodeHeads(damaged, configuration), Refusal);
      assert.throws(() => decodeHeads(text.slice(0, i), configuration), Refusal);
    }),
  );
});

test("whatever else is given for a list of heads is refused", () => {
  const good = JSON.parse(
    encodeHeadsFile("url", { configuration: "x", heads: [], signed: undefined }),
  ) as object;
  const head = { position: 1, root: "00".repeat(32) };
  const bad = [
    {},
    { ...good },
    { ...good, heads: [head], version: 2 },
    { ...good, heads: [head], other: 1 },
    { ...good, heads: [head], format: "ghostlight-credential" },
    { ...good, heads: [head, head] },
    { ...good, heads: [{ ...head, position: 2 ** 53 }] },
    { ...good, heads: [{ ...head, root: "00" }] },
    { ...good, heads: Array(256).fill(head) },
    { ...good, heads: [head], request: "" },
    { ...good, heads: [head], request: "%", response: "" },
    { ...good, heads: { length: 1 } },
    null,
    [],
  ];
  for (const one of bad) {
    assert.throws(
      () => decodeHeads(JSON.stringify(one), configuration),
      Refusal,
      JSON.stringify(one).slice(0, 80),
    );
  }
  for (const text of ["", "GHOSTLIGHT-HEADS-1:", "GHOSTLIGHT-HEADS-1:0", " ".repeat(2 << 20)]) {
    assert.throws(() => decodeHeads(text, configuration), Refusal);
  }
  fc.assert(
    fc.property(fc.json(), (text) => {
      assert.throws(() => decodeHeads(text, configuration), Refusal);
    }),
  );
});
