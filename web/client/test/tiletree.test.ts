import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { sha256 } from "@noble/hashes/sha2.js";

import {
  concat,
  decodeHex,
  encodeHex,
  type FetchTiles,
  hashChildren,
  hashLeaf,
  parseTilePath,
  Refusal,
  type Root,
  tileFetcher,
  TileTree,
  verifyConsistency,
  verifyInclusion,
} from "../src/index.js";

interface LogCase {
  name: string;
  size?: number;
  root?: string;
  tiles?: Record<string, string>;
}

/** The logs of the project's vectors: leaf i is the encoding of i in 8 bytes. */
const logs = (() => {
  const path = new URL("../../../../testdata/vectors/tiles.json", import.meta.url);
  const cases = (JSON.parse(readFileSync(path, "utf8")) as { cases: LogCase[] }).cases;
  return cases.filter((c) => c.root !== undefined);
})();

function leafOf(i: number): Uint8Array {
  const b = new Uint8Array(8);
  new DataView(b.buffer).setBigUint64(0, BigInt(i));
  return b;
}

/** The hashes of the balanced subtrees of a log, by level. */
const levels: Uint8Array[][] = [Array.from({ length: 66000 }, (_, i) => hashLeaf(leafOf(i)))];
for (let below = levels[0] ?? []; below.length > 1; below = levels.at(-1) ?? []) {
  levels.push(
    Array.from({ length: below.length >> 1 }, (_, i) => hashChildren(below[2 * i]!, below[2 * i + 1]!)),
  );
}

/** Returns the tile or bundle of a path, as a log serves it. */
function serve(path: string): Uint8Array {
  const t = parseTilePath(path);
  const elements = Array.from({ length: t.width }, (_, i) => t.index * 256 + i);
  if (t.kind === "entries") return concat(...elements.map((i) => concat(Uint8Array.of(0, 8), leafOf(i))));
  return concat(...elements.map((i) => levels[8 * t.level]![i]!));
}

function headOf(size: number): Root {
  const c = logs.find((l) => (l.size ?? 0) === size);
  return { size, root: decodeHex(c?.root ?? "") };
}

/** Serves a log, and counts and changes what it serves. */
class Server {
  readonly asked: string[] = [];
  change: (path: string, data: Uint8Array) => Uint8Array | undefined = (_, data) => data;

  readonly fetch: FetchTiles = tileFetcher(async (path) => {
    this.asked.push(path);
    return this.change(path, serve(path));
  });
}

async function refusalOf(p: Promise<unknown>): Promise<string> {
  try {
    await p;
  } catch (e) {
    assert.ok(e instanceof Refusal, `${e}`);
    return e.kind;
  }
  return "none";
}

test("what is served here is what the vectors have", () => {
  for (const c of logs) {
    for (const [path, hash] of Object.entries(c.tiles ?? {})) {
      assert.equal(encodeHex(sha256(serve(path))), hash, `${c.name}: ${path}`);
    }
  }
});

test("proofs from tiles verify", async () => {
  for (const c of logs) {
    const head = headOf(c.size ?? 0);
    const tree = new TileTree(head, new Server().fetch);
    const some = [0, 1, 255, 256, 300, 511, 65535, 65536, head.size - 1].filter(
      (i) => i >= 0 && i < head.size,
    );
    for (const i of some) {
      assert.deepEqual(await tree.hashLeaf(i), levels[0]![i]);
      verifyInclusion(i, levels[0]![i]!, await tree.inclusion(i), head);
      const entries = await tree.entries(i);
      assert.deepEqual(entries[i % 256], leafOf(i));
      const older = { size: i + 1, root: await tree.rootAt(i + 1) };
      verifyConsistency(older, head, await tree.consistency(i + 1));
    }
    for (const other of logs) {
      const size = other.size ?? 0;
      if (size > head.size) continue;
      assert.equal(encodeHex(await tree.rootAt(size)), other.root, `${c.name}: the root of ${size}`);
    }
  }
});

test("tiles are fetched once, and only those that matter", async () => {
  const server = new Server();
  const tree = new TileTree(headOf(66000), server.fetch);
  await tree.inclusion(70);
  // The right edge (0, 1, 2), and the leaf's tile with the one above it.
  const edge = ["tile/0/257.p/208", "tile/1/001.p/1", "tile/2/000.p/1"];
  assert.deepEqual(server.asked.sort(), [...edge, "tile/0/000", "tile/1/000"].sort());
  await tree.inclusion(71);
  await tree.consistency(256);
  assert.equal(server.asked.length, 5);
  await tree.inclusion(300);
  assert.deepEqual(server.asked.slice(5), ["tile/0/001"]);
});

test("what is kept is bounded", async () => {
  const server = new Server();
  const tree = new TileTree(headOf(66000), server.fetch);
  for (let i = 0; i < 65536; i += 256) await tree.hashLeaf(i);
  const before = server.asked.length;
  await tree.hashLeaf(65535);
  assert.equal(server.asked.length, before);
  await tree.hashLeaf(0);
  assert.deepEqual(server.asked.slice(before), ["tile/0/000"]);
});

test("a partial tile that is gone is the beginning of the full one", async () => {
  const server = new Server();
  server.change = (path, data) => (path.includes(".p/") ? undefined : data);
  const tree = new TileTree(headOf(700), server.fetch);
  verifyInclusion(699, levels[0]![699]!, await tree.inclusion(699), headOf(700));
  assert.equal((await tree.entries(699)).length, 700 - 512);
  server.change = () => undefined;
  assert.equal(await refusalOf(new TileTree(headOf(700), server.fetch).inclusion(0)), "malformed");
});

test("a byte of any tile", async () => {
  for (const size of [257, 700, 66000]) {
    const server = new Server();
    const read = (t: TileTree) => Promise.all([t.inclusion(3), t.entries(size - 1), t.consistency(200)]);
    await read(new TileTree(headOf(size), server.fetch));
    for (const wrong of new Set(server.asked)) {
      for (const at of [0, 9, -1]) {
        const bad = new Server();
        bad.change = (path, data) => {
          if (path === wrong) data[at < 0 ? data.length + at : at]! ^= 1;
          return data;
        };
        const kind = await refusalOf(read(new TileTree(headOf(size), bad.fetch)));
        const isLength = wrong.includes("entries") && at === 0;
        assert.equal(kind, isLength ? "malformed" : "proof", `${size}: ${wrong}, byte ${at}`);
      }
      const short = new Server();
      short.change = (path, data) => (path === wrong ? data.subarray(1) : data);
      assert.equal(await refusalOf(read(new TileTree(headOf(size), short.fetch))), "malformed");
      const long = new Server();
      long.change = (path, data) => (path === wrong ? concat(data, Uint8Array.of(0)) : data);
      assert.equal(await refusalOf(read(new TileTree(headOf(size), long.fetch))), "malformed");
    }
  }
});

test("a failure is not remembered, and neither are wrong tiles", async () => {
  const server = new Server();
  const tree = new TileTree(headOf(700), server.fetch);
  server.change = () => {
    throw new Error("offline");
  };
  await assert.rejects(tree.inclusion(3), /offline/);
  server.change = (_, data) => data.map((b) => b ^ 1);
  assert.equal(await refusalOf(tree.inclusion(3)), "proof");
  server.change = (path, data) => (path === "tile/0/000" ? data.map((b) => b ^ 1) : data);
  assert.equal(await refusalOf(tree.inclusion(3)), "proof");
  server.change = (_, data) => data;
  verifyInclusion(3, levels[0]![3]!, await tree.inclusion(3), headOf(700));
});

test("what the log does not have", async () => {
  for (const size of [0, 1, 700]) {
    const tree = new TileTree(headOf(size), new Server().fetch);
    for (const p of [
      tree.hashLeaf(size),
      tree.inclusion(size),
      tree.entries(size),
      tree.rootAt(size + 1),
      tree.consistency(size + 1),
      tree.consistency(0),
      tree.hashLeaf(Number.MAX_SAFE_INTEGER),
    ]) {
      assert.equal(await refusalOf(p), "malformed");
    }
  }
  const wrong = { size: 0, root: new Uint8Array(32) };
  assert.equal(await refusalOf(new TileTree(wrong, new Server().fetch).rootAt(0)), "proof");
});
