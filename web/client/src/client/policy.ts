import { encodeUtf8 } from "../bytes.js";
import { openCheckpoint, type SignedCheckpoint, type VerifyMldsa44 } from "../checkpoint.js";
import { Refusal } from "../errors.js";
import { type Log, parsePolicy, type Policy } from "../policy.js";
import { usage } from "./errors.js";
import { baseUrl } from "./url.js";

/** A witness policy and which of its logs is that of the directory. */
export interface DirectoryPolicy {
  readonly policy: Policy;
  readonly text: string;
  readonly log: Log;
  /** The base URL of the log's checkpoint and tiles. */
  readonly url: string;
  readonly mldsa44: VerifyMldsa44 | undefined;
}

/** How to read a policy and what it is about. */
export interface PolicyOptions {
  readonly insecureHttp?: boolean;
  readonly mldsa44?: VerifyMldsa44;
}

/**
 * Parses the witness policy for a directory. It has to be clear which of its logs is the
 * directory's: somebody on the way could otherwise show the checkpoint of another one, and make an
 * honest directory look as if it had two histories. Throws a Failure of the kind usage.
 */
export function directoryPolicy(text: string, directory: string, options: PolicyOptions): DirectoryPolicy {
  let policy: Policy;
  try {
    policy = parsePolicy(encodeUtf8(text));
  } catch (error) {
    throw usage(`the witness policy: ${(error as Error).message}`);
  }
  const log = logOf(policy, `${directory}/log`);
  const url = log.url ? baseUrl(log.url, options.insecureHttp === true) : `${directory}/log`;
  return { policy, text, log, url, mldsa44: options.mldsa44 };
}

function logOf(p: Policy, want: string): Log {
  const origin = want.replace(/^\w+:\/\//, "");
  const at = (l: Log) => l.url?.replace(/\/+$/, "");
  const found = p.logs.length === 1 ? p.logs : p.logs.filter((l) => at(l) === want || l.origin === origin);
  const [log] = found;
  if (log && found.length === 1) return log;
  throw usage(
    `the witness policy names ${p.logs.length} logs, of which ${found.length} are at ${want}: leave only the log of this directory`,
  );
}

/** Verifies a checkpoint of the directory's log. Throws a Refusal. */
export function openDirectoryCheckpoint(p: DirectoryPolicy, note: Uint8Array): SignedCheckpoint {
  const signed = openCheckpoint(p.policy, note, p.mldsa44);
  if (signed.log === p.log) return signed;
  throw new Refusal("signature", `the checkpoint is of the log ${signed.origin}, not of ${p.log.origin}`);
}
