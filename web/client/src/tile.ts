import { Refusal } from "./errors.js";

/** How many hashes, entries or entries' changes a full tile has. */
export const tileWidth = 256;

/** What a tile has: hashes of the RFC 6962 tree, log entries, or changes of the prefix tree. */
export type TileKind = "hashes" | "entries" | "changes";

/** Names a resource of the public log (C2SP tlog-tiles, and docs/log.md for changes). */
export interface Tile {
  kind: TileKind;
  /** That of a tile of hashes, 0 to 63, and 0 for other kinds. */
  level: number;
  /** The number of the tile within its level. */
  index: number;
  /** How many elements the tile has, 1 to 256. One with fewer than 256 is partial. */
  width: number;
}

/** Returns the path of a tile below the prefix of the log, such as "tile/0/x001/234.p/5". */
export function tilePath(t: Tile): string {
  const prefix = { hashes: `tile/${t.level}/`, entries: "tile/entries/", changes: "changes/" }[t.kind];
  const parts = t.index.toString().split(/(?=(?:...)+$)/);
  const index = parts.map((p, i) => (i < parts.length - 1 ? "x" : "") + p.padStart(3, "0")).join("/");
  return prefix + index + (t.width === tileWidth ? "" : `.p/${t.width}`);
}

/** The inverse of tilePath, which accepts nothing else. Throws a Refusal "malformed". */
export function parseTilePath(path: string): Tile {
  const [, prefix = "", level = "0", index = "", , width = "256"] =
    /^(tile\/(\d{1,2})\/|tile\/entries\/|changes\/)((x\d{3}\/)*\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path) ?? [];
  const kind = prefix === "changes/" ? "changes" : prefix === "tile/entries/" ? "entries" : "hashes";
  const t: Tile = {
    kind,
    level: Number(level),
    index: Number(index.replace(/[x/]/g, "")),
    width: Number(width),
  };
  const exists = t.level < 64 && t.width > 0 && t.width <= tileWidth && Number.isSafeInteger(t.index);
  if (!exists || tilePath(t) !== path) throw new Refusal("malformed", "not the path of a tile");
  return t;
}

/** Returns the entries of a bundle of n entries, which share its memory. Throws a Refusal "malformed". */
export function parseEntryBundle(bundle: Uint8Array, n: number): Uint8Array[] {
  const out: Uint8Array[] = [];
  let at = 0;
  while (at < bundle.length && out.length < n) {
    const start = at + 2;
    const size = ((bundle[at] ?? 0) << 8) | (bundle[at + 1] ?? 0);
    at = start + size;
    out.push(bundle.subarray(start, at));
  }
  if (at !== bundle.length || out.length !== n)
    throw new Refusal("malformed", `not a bundle of ${n} entries`);
  return out;
}

/** Returns the beginning of a bundle, which has the first n entries. */
export function firstEntries(bundle: Uint8Array, n: number): Uint8Array {
  let at = 0;
  for (let i = 0; i < n; i++) at += 2 + (((bundle[at] ?? 0) << 8) | (bundle[at + 1] ?? 0));
  return bundle.subarray(0, at);
}

/** Returns the tile of hashes at a level that has the given element, in a log of size entries. */
export function hashTile(level: number, index: number, size: number): Tile {
  return tileOf("hashes", level, index, Math.floor(size / tileWidth ** level));
}

/** Returns the bundle that has the given entry, in a log of size entries. */
export function entryBundle(index: number, size: number): Tile {
  return tileOf("entries", 0, index, size);
}

function tileOf(kind: TileKind, level: number, element: number, elements: number): Tile {
  const index = Math.floor(element / tileWidth);
  return { kind, level, index, width: Math.min(tileWidth, elements - index * tileWidth) };
}
