/** What files are held against: what is known of a directory, and who says so. */
import {
  decodeBase64,
  decodeUtf8,
  emptyView,
  encodeHex,
  encodeUtf8,
  parseConfiguration,
  parseDistinguishedResponse,
  parsePolicy,
  Verifier,
  type Policy,
  type Recent,
} from "@ghostlight/client";
import type { HeadsFile } from "@ghostlight/client/evidence";
import { sha256 } from "@noble/hashes/sha2.js";

/** What is known of the directory that files should be about. What is absent is not compared. */
export interface Basis {
  /** Which directory it is, as the end of a sentence: "the directory of this page". */
  readonly whose: string;
  /** The encoded Configuration. */
  readonly configuration?: Uint8Array;
  /** Of the encoded Configuration, in hexadecimal, if only that is known or given. */
  readonly configurationSha256?: string;
  /** The witness policy, which has the key of the directory's log. */
  readonly policy?: Policy;
  /** The recent distinguished heads that credentials are verified against. */
  readonly recent?: RecentHeads;
}

/** Recent distinguished heads out of an export that the directory signed. */
export interface RecentHeads {
  readonly heads: Recent;
  /** The timestamp of the last log entry when they were given out, in ms. */
  readonly time: number;
}

/** The SHA-256 of bytes, in hexadecimal. */
export function sumOf(bytes: Uint8Array): string {
  return encodeHex(sha256(bytes));
}

/** The SHA-256 of the Configuration, as far as that is known. */
export function configurationSum(basis: Basis): string | undefined {
  return basis.configuration ? sumOf(basis.configuration) : basis.configurationSha256;
}

/** The verifier keys of the logs that the policy knows. */
export function logKeys(basis: Basis): readonly string[] | undefined {
  return basis.policy?.logs.map((log) => log.key.text);
}

/** Whether one log is known beside the Configuration, so that the two are of one directory. */
export function isPair(basis: Basis): boolean {
  return configurationSum(basis) !== undefined && basis.policy?.logs.length === 1;
}

/** The largest file that is tried as a Configuration or a policy, in bytes. */
const maxKnowledge = 1 << 20;

/**
 * Reads a file as a Configuration, undefined if it is none: as a directory serves it at
 * /v1/configuration, or in base64, as monitors keep it. Returns its encoding.
 */
export function readConfiguration(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length > maxKnowledge) return undefined;
  const usable = (encoded: Uint8Array) => (new Verifier(parseConfiguration(encoded)), encoded);
  return (
    attempt(() => usable(bytes)) ?? attempt(() => usable(decodeBase64(decodeUtf8(bytes).replace(/\s+/g, ""))))
  );
}

/** Reads a file as a witness policy, undefined if it is none. */
export function readPolicyFile(bytes: Uint8Array): Policy | undefined {
  return bytes.length > maxKnowledge ? undefined : attempt(() => parsePolicy(encodeUtf8(decodeUtf8(bytes))));
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/**
 * Verifies what an export of heads follows from: the answer of the directory to somebody without
 * a view, of whatever time it is. Undefined if the export has none. Throws a Refusal.
 */
export function openSignedHeads(
  configuration: Uint8Array,
  file: HeadsFile,
  now: number,
): RecentHeads | undefined {
  if (!file.response) return undefined;
  const config = parseConfiguration(configuration);
  const response = parseDistinguishedResponse(config, file.response);
  const verifier = new Verifier(config).unaudited().timeless();
  const result = verifier.distinguished(emptyView, {}, response, now);
  return { heads: result.recent, time: result.view.frontier.at(-1)?.timestamp ?? 0 };
}
