/**
 * What can be said of a key without its bytes: what a client retains of the keys that it
 * has seen. The members are those of the project's JSON (docs/keyset.md, "What is said
 * of a key"), so a Description that `kt` wrote can be read here. Members may be added.
 */
export interface Description {
  format: string;
  fingerprint: string;
  name?: string;
  /** A line for people. */
  description: string;
  /** Hash of the key and all that belongs to it, lower-case hex. */
  sha256: string;
  /** Names of the purposes, as the key's owner gave them. */
  purposes?: string[];
  /** The last moment at which the key is valid, by its own statement: RFC 3339, in UTC, whole seconds. */
  expires?: string;
  /** The key carries its owner's revocation. */
  revoked?: boolean;
  /** Reasons not to rely on the key: the words of docs/keyset.md, sorted. */
  weak?: string[];
}

/** What has become of a key at a time, in ms since 1970. */
export function statusOf(d: Description, at: number): "" | "revoked" | "expired" {
  if (d.revoked) return "revoked";
  return d.expires !== undefined && at > Date.parse(d.expires) ? "expired" : "";
}

/**
 * The description for people, with what they must know of the key at a time, in ms since
 * 1970: that it is expired or revoked, and why it is weak.
 */
export function lineOf(d: Description, at: number): string {
  let line = d.description;
  const status = statusOf(d, at);
  if (status === "revoked") line += " [revoked]";
  if (status === "expired") line += ` [expired ${d.expires?.slice(0, 10)}]`;
  if (d.weak?.length) line += ` [weak: ${d.weak.join(", ")}]`;
  return line;
}
