import { equalBytes } from "./bytes.js";
import { Refusal } from "./errors.js";
import {
  consistencyRanges,
  emptyRoot,
  hashChildren,
  hashLeaf,
  inclusionRanges,
  type Range,
  type Root,
} from "./rfc6962.js";
import {
  entryBundle,
  firstEntries,
  hashTile,
  parseEntryBundle,
  tilePath,
  tileWidth,
  type Tile,
} from "./tile.js";

/**
 * Returns the data of tiles, in order. A log need not have a partial tile any more once it
 * has the full one, of which the partial one is the beginning: see tileFetcher.
 */
export type FetchTiles = (tiles: Tile[]) => Promise<Uint8Array[]>;

/** How many tiles of hashes a TileTree keeps: 2 MiB. */
const maxKept = 256;

/**
 * The RFC 6962 tree of a public log whose size and root are known from a checkpoint. It
 * fetches tiles and checks that they lead to that root, so that whatever it returns is
 * authenticated.
 *
 * Its methods throw what the fetching throws, and a Refusal "proof" for tiles that do not
 * lead to the root. These prove nothing against the log, because anybody on the way can
 * have changed them. "malformed" is for tiles of another length, and for a position or
 * size that the log does not have.
 */
export class TileTree {
  readonly head: Root;
  readonly #fetch: FetchTiles;
  /** Authenticated tiles, by path; the least recently used first. */
  readonly #kept = new Map<string, Uint8Array>();
  /** The partial tiles: all hashes that the root is directly made of. */
  #edge: Promise<Map<string, Uint8Array>> | undefined;

  constructor(head: Root, fetch: FetchTiles) {
    this.head = head;
    this.#fetch = fetch;
  }

  /** Returns the hash of a leaf. */
  async hashLeaf(index: number): Promise<Uint8Array> {
    this.#require(index < this.head.size);
    return this.#one([index, index + 1]);
  }

  /** Returns the proof of inclusion of a leaf, from its sibling upwards. */
  async inclusion(index: number): Promise<Uint8Array[]> {
    this.#require(index < this.head.size);
    return this.#hashes(inclusionRanges(index, this.head.size));
  }

  /** Returns the root of the first size leaves: what a checkpoint of that size must have had. */
  async rootAt(size: number): Promise<Uint8Array> {
    this.#require(size <= this.head.size);
    await this.#edgeTiles();
    return size === 0 ? emptyRoot : this.#one([0, size]);
  }

  /** Returns the proof of consistency with the log's first old leaves, old > 0. */
  async consistency(old: number): Promise<Uint8Array[]> {
    this.#require(old > 0 && old <= this.head.size);
    return this.#hashes(consistencyRanges(old, this.head.size));
  }

  /** Returns the entries of the bundle that has the given position, as many as the log has. */
  async entries(position: number): Promise<Uint8Array[]> {
    this.#require(position < this.head.size);
    const bundle = entryBundle(position, this.head.size);
    const hashes = hashTile(0, position, this.head.size);
    const [[data], leaves] = await Promise.all([this.#fetch([bundle]), this.#authentic([hashes])]);
    const entries = parseEntryBundle(data ?? new Uint8Array(), bundle.width);
    const tile = leaves.get(tilePath(hashes));
    if (!entries.every((e, i) => equalBytes(hashLeaf(e), hashAt(tile, i)))) {
      throw new Refusal("proof", "the entries are not those of the checkpoint");
    }
    return entries;
  }

  #require(exists: boolean): void {
    if (!exists) throw new Refusal("malformed", "the log of the checkpoint does not have that many entries");
  }

  async #one(range: Range): Promise<Uint8Array> {
    const [hash] = await this.#hashes([range]);
    return hash ?? emptyRoot;
  }

  /** Returns the hashes of ranges, each of which is a subtree of RFC 6962. */
  async #hashes(ranges: Range[]): Promise<Uint8Array[]> {
    const parts = ranges.map(fullSubtrees);
    const tiles = await this.#authentic(parts.flat().map((n) => this.#tileOf(n)));
    return parts.map((nodes) => join(nodes.map((n) => this.#node(n, tiles))));
  }

  #tileOf(n: Node): Tile {
    const level = Math.floor(n.level / 8);
    return hashTile(level, n.index * 2 ** (n.level % 8), this.head.size);
  }

  #node(n: Node, tiles: Map<string, Uint8Array>): Uint8Array {
    const t = this.#tileOf(n);
    const width = 2 ** (n.level % 8);
    return subtreeHash(tiles.get(tilePath(t)), n.index * width - t.index * tileWidth, width);
  }

  /** Returns authenticated tiles by path. */
  async #authentic(tiles: Tile[]): Promise<Map<string, Uint8Array>> {
    const found = new Map(await this.#edgeTiles());
    const missing = new Map<string, Tile>();
    for (let t of tiles) {
      while (!found.has(tilePath(t)) && !missing.has(tilePath(t))) {
        const kept = this.#kept.get(tilePath(t));
        if (kept === undefined) missing.set(tilePath(t), t);
        else found.set(tilePath(t), kept);
        // A full tile has its hash in the one above. The highest one is partial.
        t = this.#above(t);
      }
    }
    const ordered = [...missing.values()].sort((a, b) => b.level - a.level);
    const fetched = await this.#fetchHashes(ordered);
    ordered.forEach((t, i) => {
      const data = fetched[i] ?? new Uint8Array();
      const above = found.get(tilePath(this.#above(t)));
      if (!equalBytes(subtreeHash(data, 0, tileWidth), hashAt(above, t.index % tileWidth)))
        throw notAuthentic();
      found.set(tilePath(t), data);
    });
    for (const t of tiles) this.#keep(tilePath(t), found.get(tilePath(t)));
    for (const path of missing.keys()) this.#keep(path, found.get(path));
    return found;
  }

  #above(t: Tile): Tile {
    return hashTile(t.level + 1, t.index, this.head.size);
  }

  #keep(path: string, data: Uint8Array | undefined): void {
    this.#kept.delete(path);
    if (data !== undefined) this.#kept.set(path, data);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= maxKept) return;
      this.#kept.delete(oldest);
    }
  }

  async #edgeTiles(): Promise<Map<string, Uint8Array>> {
    this.#edge ??= this.#fetchEdge();
    try {
      return await this.#edge;
    } catch (e) {
      this.#edge = undefined;
      throw e;
    }
  }

  async #fetchEdge(): Promise<Map<string, Uint8Array>> {
    const { size, root } = this.head;
    const nodes = fullSubtrees([0, size]);
    const tiles = new Map(nodes.map((n) => this.#tileOf(n)).map((t) => [tilePath(t), t]));
    const data = await this.#fetchHashes([...tiles.values()]);
    const found = new Map([...tiles.keys()].map((path, i) => [path, data[i] ?? new Uint8Array()]));
    const got = size === 0 ? emptyRoot : join(nodes.map((n) => this.#node(n, found)));
    if (!equalBytes(got, root)) throw notAuthentic();
    return found;
  }

  async #fetchHashes(tiles: Tile[]): Promise<Uint8Array[]> {
    const data = tiles.length === 0 ? [] : await this.#fetch(tiles);
    const isWhole = data.length === tiles.length && tiles.every((t, i) => data[i]?.length === t.width * 32);
    if (!isWhole) throw new Refusal("malformed", "a tile has another length");
    return data;
  }
}

/** A subtree of 2^level leaves, of which index is the number from the left. */
interface Node {
  level: number;
  index: number;
}

/** Returns the balanced subtrees that a subtree of RFC 6962 consists of, from the left. */
function fullSubtrees([lo, hi]: Range): Node[] {
  const out: Node[] = [];
  for (let level = 53; level >= 0; level--) {
    const width = 2 ** level;
    if (hi - lo < width) continue;
    out.push({ level, index: lo / width });
    lo += width;
  }
  return out;
}

/** Returns the hash of the subtree that consists of balanced ones. */
function join(hashes: Uint8Array[]): Uint8Array {
  return hashes.reduceRight((right, left) => hashChildren(left, right));
}

/** Returns the hash over width hashes of a tile, width being a power of two. */
function subtreeHash(tile: Uint8Array | undefined, from: number, width: number): Uint8Array {
  let hashes = Array.from({ length: width }, (_, i) => hashAt(tile, from + i));
  while (hashes.length > 1) {
    const children = hashes;
    hashes = children.flatMap((h, i) => (i % 2 === 0 ? [hashChildren(h, children[i + 1] ?? h)] : []));
  }
  return hashes[0] ?? emptyRoot;
}

function hashAt(tile: Uint8Array | undefined, i: number): Uint8Array {
  return tile?.subarray(32 * i, 32 * i + 32) ?? emptyRoot;
}

function notAuthentic(): Refusal {
  return new Refusal("proof", "the tiles do not lead to the root in the checkpoint");
}

/**
 * Returns a FetchTiles that gets each tile by its path, at most concurrency at a time. Of
 * a partial tile that the log does not have any more (get returns undefined), it gets the
 * full one and takes what the partial one had.
 */
export function tileFetcher(
  get: (path: string) => Promise<Uint8Array | undefined>,
  concurrency = 6,
): FetchTiles {
  const one = async (t: Tile): Promise<Uint8Array> => {
    const data = await get(tilePath(t));
    if (data !== undefined) return data;
    const full = t.width < tileWidth ? await get(tilePath({ ...t, width: tileWidth })) : undefined;
    if (full === undefined) throw new Refusal("malformed", `the log does not have ${tilePath(t)}`);
    return t.kind === "hashes" ? full.subarray(0, t.width * 32) : firstEntries(full, t.width);
  };
  return async (tiles) => {
    const out: Uint8Array[] = [];
    for (let i = 0; i < tiles.length; i += concurrency) {
      out.push(...(await Promise.all(tiles.slice(i, i + concurrency).map(one))));
    }
    return out;
  };
}
