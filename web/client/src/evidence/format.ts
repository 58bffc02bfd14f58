import { anything, bytes, hash, list, malformed, object, optional, string, time, uint } from "./json.js";

/** The schema of evidence files: docs/evidence.md. */
export const evidenceSchema = "ghostlight/evidence/v1";

/** The size in bytes of the largest evidence file. */
export const maxEvidenceSize = 96 << 20;

/** What contradicts what. */
export type EvidenceKind =
  | "contradiction"
  | "fork"
  | "inconsistency"
  | "log-entry"
  | "credential"
  | "tree-heads"
  | "timestamps"
  | "trees-differ"
  | "prefix-tree";

/** What an evidence file has. Nothing in it is verified: see verifyEvidence. */
export interface Evidence {
  /** What the finder wrote, for human readers. */
  summary: string;
  schema: string;
  /** "evidence" or "report"; files of earlier versions have none. */
  class: string;
  kind: EvidenceKind;
  rule: string;
  /** The directory's URL, as the finder says. */
  directory: string;
  foundAt: string;
  configuration: Uint8Array;
  retainedView?: StoredView | undefined;
  retainedConfiguration?: Uint8Array | undefined;
  /** That the finder remembered something of the label, which is in reports. */
  retainedContact?: true | undefined;
  retainedOwner?: true | undefined;
  operation: string;
  request: Uint8Array;
  response: Uint8Array;
  earlier?: Exchange | undefined;
  fork?: Newcomer | undefined;
  own?: Newcomer | undefined;
  credential?: CredentialParts | undefined;
  policy: Uint8Array;
  /** The verifier key of the directory's public log. */
  log: string;
  inconsistency?: Inconsistency | undefined;
  logEntry?: EntryConflict | undefined;
  heads?: SignedRoot[] | undefined;
  entries?: string[] | undefined;
  trees?: Trees | undefined;
  prefixTree?: LeafChange | undefined;
}

/** A view of the log, as it is stored. */
export interface StoredView {
  treeSize: number;
  signature: Uint8Array;
  fullSubtrees: Uint8Array[];
  frontier: StoredEntry[];
  auditorTreeHead?: { timestamp: number; treeSize: number; signature: Uint8Array } | undefined;
}

/** A log entry, with what proves it to others. */
export interface StoredEntry {
  position: number;
  timestamp: number;
  prefixTree: Uint8Array;
  proof?: EntryProof | undefined;
}

/** Proves that a signed head covers a log entry. */
export interface EntryProof {
  treeSize: number;
  signature: Uint8Array;
  path: Uint8Array[];
  configuration?: Uint8Array | undefined;
}

/** A request and its response, with what they were verified against. */
export interface Exchange {
  configuration?: Uint8Array | undefined;
  retainedConfiguration?: Uint8Array | undefined;
  retainedView?: StoredView | undefined;
  operation: string;
  request: Uint8Array;
  response: Uint8Array;
}

/** What the directory showed somebody without a view. */
export interface Newcomer {
  view?: StoredView | undefined;
  request: Uint8Array;
  response: Uint8Array;
}

/** A signed head with its root. */
export interface SignedRoot {
  treeSize: number;
  root: Uint8Array;
  signature: Uint8Array;
}

/** A credential, and what it was verified against. */
export interface CredentialParts {
  credential: Uint8Array;
  configuration?: Uint8Array | undefined;
  base?: StoredView | undefined;
  update?: Uint8Array | undefined;
  recentDistinguished: (StoredView | undefined)[];
  distinguished?: Exchange | undefined;
}

/** Two checkpoints of which neither continues the other. */
export interface Inconsistency {
  older: Uint8Array;
  newer: Uint8Array;
  rootAtOlder: Uint8Array;
  proof: Uint8Array[];
}

/** A log entry under a signed head, and another one in its place in the public log. */
export interface EntryConflict {
  index: number;
  logEntry: Uint8Array;
  treeSize: number;
  signature: Uint8Array;
  path: Uint8Array[];
  checkpoint: Uint8Array;
  leafHash: Uint8Array;
  inclusion: Uint8Array[];
}

/** A signed head and a signed checkpoint of other log entries. */
export interface Trees {
  head: SignedRoot;
  base?: (SignedRoot & { fullSubtrees: Uint8Array[] }) | undefined;
  checkpoint: Uint8Array;
  entries: Uint8Array;
  before: Uint8Array[];
  after: Uint8Array[];
}

/** A leaf of the prefix tree that is gone, or has another commitment. */
export interface LeafChange {
  searchKey: Uint8Array;
  before: LeafSearch;
  after: LeafSearch;
}

/** A search for a leaf in the prefix tree of a log entry. */
export interface LeafSearch {
  /** A proof of the log entry (C2SP tlog-proof). */
  entry: string;
  commitment?: Uint8Array | undefined;
  proof: Uint8Array;
}

const optionalBytes = optional(bytes);

const view = object<StoredView>({
  treeSize: uint,
  signature: bytes,
  fullSubtrees: list(hash),
  frontier: list(
    object<StoredEntry>({
      position: uint,
      timestamp: uint,
      prefixTree: hash,
      proof: optional(
        object<EntryProof>({
          treeSize: uint,
          signature: bytes,
          path: list(hash),
          configuration: optionalBytes,
        }),
      ),
    }),
  ),
  auditorTreeHead: optional(object({ timestamp: uint, treeSize: uint, signature: bytes })),
});

const exchange = object<Exchange>({
  configuration: optionalBytes,
  retainedConfiguration: optionalBytes,
  retainedView: optional(view),
  operation: string,
  request: bytes,
  response: bytes,
});

const newcomer = object<Newcomer>({ view: optional(view), request: bytes, response: bytes });

const signedRoot = { treeSize: uint, root: hash, signature: bytes };

const credential = object<CredentialParts>({
  credential: bytes,
  configuration: optionalBytes,
  base: optional(view),
  update: optionalBytes,
  recentDistinguished: list(optional(view)),
  distinguished: optional(exchange),
});

const inconsistency = object<Inconsistency>({
  older: bytes,
  newer: bytes,
  rootAtOlder: bytes,
  proof: list(bytes),
});

const logEntry = object<EntryConflict>({
  index: uint,
  logEntry: bytes,
  treeSize: uint,
  signature: bytes,
  path: list(bytes),
  checkpoint: bytes,
  leafHash: bytes,
  inclusion: list(bytes),
});

const trees = object<Trees>({
  head: object<SignedRoot>(signedRoot),
  base: optional(object({ ...signedRoot, fullSubtrees: list(hash) })),
  checkpoint: bytes,
  entries: bytes,
  before: list(hash),
  after: list(hash),
});

const leafSearch = object<LeafSearch>({ entry: string, commitment: optional(hash), proof: bytes });

const evidence = object<Evidence>({
  summary: string,
  schema: string,
  class: string,
  kind: (value) => string(value) as EvidenceKind,
  rule: string,
  directory: string,
  foundAt: time,
  configuration: bytes,
  retainedView: optional(view),
  retainedConfiguration: optionalBytes,
  retainedContact: anything,
  retainedOwner: anything,
  operation: string,
  request: bytes,
  response: bytes,
  earlier: optional(exchange),
  fork: optional(newcomer),
  own: optional(newcomer),
  credential: optional(credential),
  policy: bytes,
  log: string,
  inconsistency: optional(inconsistency),
  logEntry: optional(logEntry),
  heads: optional(list(object<SignedRoot>(signedRoot))),
  entries: optional(list(string)),
  trees: optional(trees),
  prefixTree: optional(object<LeafChange>({ searchKey: hash, before: leafSearch, after: leafSearch })),
});

/** Reads the parts of evidence, whichever they are. Throws a Refusal "malformed". */
export function readEvidence(value: unknown): Evidence {
  if (typeof value !== "object" || value === null) throw malformed("evidence: it is not an object of JSON");
  return evidence(value);
}
