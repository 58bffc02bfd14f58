import { equalBytes } from "./bytes.js";
import { Refusal } from "./errors.js";

/** What a user knows of one version of a label. */
export interface VersionKey {
  readonly searchKey: Uint8Array;
  /** The commitment to the version's value, if it exists. */
  readonly commitment?: Uint8Array | undefined;
  /**
   * A proof has shown the commitment in the log. Until then it is the log's claim, which later
   * lookups prove or refute.
   */
  readonly proven: boolean;
}

/** What a user knows of a label, by version. */
export type VersionKeys = ReadonlyMap<number, VersionKey>;

/**
 * What is known of a label's versions from before and from a new response. Throws a Refusal:
 * "misbehaviour" if both have proven different commitments to one version, else "proof".
 */
export function mergeKeys(known: VersionKeys, added: VersionKeys): Map<number, VersionKey> {
  const out = new Map(known);
  for (const [version, key] of added) {
    const old = out.get(version);
    if (old && !supersedes(version, old, key)) continue;
    out.set(version, key);
  }
  return out;
}

/** Tells whether a key says more of a version than an older one. */
function supersedes(version: number, old: VersionKey, key: VersionKey): boolean {
  if (!equalBytes(old.searchKey, key.searchKey)) {
    throw new Refusal("proof", `the search key of version ${version} changed`);
  }
  if (!key.commitment) return false;
  if (!old.proven) return true;
  if (old.commitment && equalBytes(old.commitment, key.commitment)) return false;
  throw new Refusal(key.proven ? "misbehaviour" : "proof", `the commitment to version ${version} changed`);
}

/** The keys of the given versions. */
export function keepKeys(keys: VersionKeys, versions: Iterable<number>): Map<number, VersionKey> {
  const needed = new Set(versions);
  return new Map([...keys].filter(([version]) => needed.has(version)));
}

/** Sets the commitment that was computed for a version, which no proof has shown yet. */
export function setCommitment(keys: Map<number, VersionKey>, version: number, commitment: Uint8Array): void {
  keys.set(version, { searchKey: searchKey(keys, version), commitment, proven: false });
}

/** The search key of a version. Throws a Refusal "proof" if it is not known. */
export function searchKey(keys: VersionKeys, version: number): Uint8Array {
  const key = keys.get(version);
  if (!key) throw new Refusal("proof", `the search key of version ${version} is not known`);
  return key.searchKey;
}
