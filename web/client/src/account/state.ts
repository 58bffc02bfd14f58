/**
 * What a version is after those before it: the words of docs/account.md, "Rules". None is
 * the empty string; "unknown" is a version whose value is not known.
 */
export type Status =
  | ""
  | "established"
  | "signed"
  | "rotated"
  | "reset announced"
  | "reset"
  | "unsigned"
  | "unchecked"
  | "unconnected"
  | "unknown";

/** Whether the keys in a version of this status may be used. */
export function stands(s: Status): boolean {
  return s !== "unsigned" && s !== "unconnected" && s !== "unknown";
}

/**
 * What the versions of a label up to one amount to: what the next is held against. It is
 * small, a client retains it, and its JSON is that of `kt`. Hashes are lower-case hex, keys
 * as accountKeyText writes them. States of different labels must not be mixed up.
 */
export interface State {
  /** The newest version that was followed, and its commitment: zeros if that is not known. */
  version: number;
  commitment: string;
  /** The account key that has to sign the next version, and the version that brought it. */
  key?: string;
  since?: number;
  /** The key was only named, by an announcement of another one, and has signed nothing so far. */
  claimed?: boolean;
  /** The key to which the next version may be a reset. */
  announced?: string;
  /** The newest version that stood, and the hash of its key set: zeros if none did. */
  stood: number;
  body: string;
  /** The version of which the account key, or that there is none, had to be believed. */
  from?: number;
  /** Set from a version that is not known to the next that stands. */
  incomplete?: boolean;
}
