// What a user retains, as the project's test vectors write it: testdata/vectors/README.md.
import {
  decodeHex,
  encodeHex,
  emptyView,
  viewRoot,
  type Contact,
  type Owner,
  type VersionKeys,
  type View,
} from "../src/index.js";

export interface ViewJson {
  tree_size: number;
  root?: string;
  subtrees: string[];
  frontier: { position: number; timestamp: number; prefix_tree: string }[];
  auditor_tree_size?: number;
}

export interface KeyJson {
  version: number;
  search_key: string;
  commitment?: string;
  proven?: boolean;
}

export interface ContactJson {
  map: { position: number; version: number }[];
  keys: KeyJson[];
}

export interface OwnerJson {
  start: number;
  at_start: number | null;
  created: { position: number; version: number; claimed?: boolean }[];
  contact: ContactJson;
  keys: KeyJson[];
}

const none = new Uint8Array();

/** The view that a vector stands for. It has no signatures. */
export function decodeView(v: ViewJson | null | undefined): View {
  if (!v || v.tree_size === 0) return emptyView;
  const size = v.auditor_tree_size;
  return {
    head: { treeSize: v.tree_size, signature: none },
    subtrees: v.subtrees.map(decodeHex),
    frontier: v.frontier.map(({ position, timestamp, prefix_tree }) => ({
      position,
      timestamp,
      prefixTree: decodeHex(prefix_tree),
    })),
    ...(size !== undefined && { auditorTreeHead: { timestamp: 0, treeSize: size, signature: none } }),
  };
}

export function encodeView(v: View): ViewJson {
  const { treeSize } = v.head;
  return {
    tree_size: treeSize,
    ...(treeSize > 0 && { root: encodeHex(viewRoot(v)) }),
    subtrees: v.subtrees.map(encodeHex),
    frontier: v.frontier.map(({ position, timestamp, prefixTree }) => ({
      position,
      timestamp,
      prefix_tree: encodeHex(prefixTree),
    })),
    ...(v.auditorTreeHead && { auditor_tree_size: v.auditorTreeHead.treeSize }),
  };
}

export function decodeContact(c: ContactJson | undefined): Contact {
  return { map: c?.map ?? [], keys: decodeKeys(c?.keys ?? []) };
}

export function encodeContact(c: Contact): ContactJson {
  return { map: c.map.map(({ position, version }) => ({ position, version })), keys: encodeKeys(c.keys) };
}

export function decodeOwner(o: OwnerJson): Owner {
  return {
    start: o.start,
    atStart: o.at_start ?? undefined,
    created: o.created.map((c) => ({ ...c, claimed: c.claimed ?? false })),
    contact: decodeContact(o.contact),
    keys: decodeKeys(o.keys),
  };
}

export function encodeOwner(o: Owner): OwnerJson {
  return {
    start: o.start,
    at_start: o.atStart ?? null,
    created: o.created.map(({ position, version, claimed }) => ({
      position,
      version,
      ...(claimed && { claimed }),
    })),
    contact: encodeContact(o.contact),
    keys: encodeKeys(o.keys),
  };
}

function decodeKeys(keys: readonly KeyJson[]): VersionKeys {
  return new Map(
    keys.map((k) => [
      k.version,
      {
        searchKey: decodeHex(k.search_key),
        commitment: k.commitment === undefined ? undefined : decodeHex(k.commitment),
        proven: k.proven ?? false,
      },
    ]),
  );
}

function encodeKeys(keys: VersionKeys): KeyJson[] {
  return [...keys]
    .sort(([a], [b]) => a - b)
    .map(([version, k]) => ({
      version,
      search_key: encodeHex(k.searchKey),
      ...(k.commitment && { commitment: encodeHex(k.commitment) }),
      ...(k.proven && { proven: true }),
    }));
}
