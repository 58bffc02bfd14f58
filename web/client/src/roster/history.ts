import type { AccountKey, Status } from "../account/index.js";
import type { Description, KeySet } from "../keyset/index.js";

/**
 * What was proven of one label. At most one of absent, error and misbehaviour is set; versions
 * is empty then. Times are in ms since 1970, by the log's timestamps.
 */
export interface History {
  label: string;
  /** The directory has proven that it has no such label. */
  absent?: boolean;
  /** Why the label could not be checked. */
  error?: string;
  /** The directory signed a contradiction about it. */
  misbehaviour?: boolean;
  /** Newest first, without a gap. The first is proven to be the greatest under `head`. */
  versions: Version[];
  /**
   * There is no version before the last of versions: it is version 0, or the log has given up
   * (maximum lifetime) what came before.
   */
  complete: boolean;
  /** The log under which the label was proven. */
  head: Head;
  /** What was known of the label's account key before the oldest of versions. */
  before?: Before;
}

/** A state of the log. */
export interface Head {
  treeSize: number;
  /** Lower-case hex. */
  root: string;
  /** The timestamp of its last entry; undefined if it is not known. */
  time?: number;
}

/** Since when an account key stood that the oldest version of a History was checked against. */
export interface Before {
  /** The version that established the key, or the earliest one known to have stood under it. */
  version: number;
  /** As of the oldest version of the History. */
  key: AccountKey;
  /** A time at which `version` existed. */
  notAfter: number;
}

/** One proven version of a label. */
export interface Version {
  number: number;
  /** The entry in which it was found: created there or before. */
  logEntry: number;
  /**
   * The proven bounds of when it was created, both included: the timestamp of the last entry
   * known to lack it, undefined if there is none, and of the first known to hold it. They are
   * equal if that entry is proven to have brought it.
   */
  notBefore?: number;
  notAfter: number;
  /** Why the bounds could not be made narrower, if that was tried and failed. */
  unsettled?: string;
  /** 32 bytes. */
  commitment: Uint8Array;
  /** Lower-case hex; undefined if the value is not known. */
  valueSHA256?: string;
  /** Why the value could not be had, though the version exists. */
  missing?: string;
  /** The value, if it is a key set. */
  set?: KeySet;
  /** The descriptions of its keys, in its order. */
  keys: Description[];
  /** How the version stands to the one before. */
  account: Status;
  /** The account key in it. */
  key?: AccountKey;
  /**
   * The account key that was known before signed that `key` takes its place, be it that
   * versions in between are missing.
   */
  rotated?: boolean;
  /** This client itself published the version. */
  mine?: boolean;
}
