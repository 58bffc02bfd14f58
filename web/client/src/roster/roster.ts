import type { Key } from "../keyset/index.js";

/** Limits of a roster (docs/roster.md, "The document"): of the document in bytes, and in number. */
export const maxRosterSize = 64 << 20;
export const maxMembers = 20_000;
export const maxDevices = 64;

/** The value of a roster's "schema". */
export const rosterSchema = "ghostlight/roster/v1";

/**
 * One conversation as an app sees it. Times here and below are in ms since 1970, by the app's
 * clock, with fractions down to a microsecond.
 */
export interface Roster {
  /** The app's name for it; not interpreted. */
  conversation: string;
  /** The user's own label, normalized; empty if it does not matter. */
  me: string;
  /** When the session began. */
  started?: number;
  /** In the order of the document. The user may be one of them. */
  members: Member[];
  /** The labels that the members agreed on, normalized. */
  agreed?: string[];
}

/** One participant. */
export interface Member {
  /** Normalized. */
  label: string;
  /** When the app first saw the member in the conversation. */
  firstSeen: number;
  /** When the user last verified the member: compared digits, met in person. */
  verifiedAt?: number;
  devices: Device[];
  /** The owner's latest attestation, one line of base64. */
  attestation?: string;
}

/** One key that the session uses for a member. */
export interface Device {
  /** Number of the key's format. */
  format: number;
  /** The key in its format's encoding; undefined if the app knows no more than the fingerprint. */
  data?: Uint8Array;
  /** By the format's own rule, in the one spelling that keyset's fingerprint has. */
  fingerprint: string;
  /** What the app calls the device; often empty. Only for people. */
  name: string;
  firstSeen?: number;
}

/** The key of a device of which the data is known. */
export function keyOf(d: Device): Key | undefined {
  return d.data && { format: d.format, data: d.data, name: d.name, attributes: [] };
}
