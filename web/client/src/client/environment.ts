import type { Configuration } from "../config.js";
import { Failure } from "../failure.js";
import type { OperationOptions } from "../results.js";
import { ConflictError, type Store } from "../state/store.js";
import type { Transport } from "../transport.js";
import type { Verifier } from "../verifier.js";
import type { DirectoryPolicy } from "./policy.js";
import type { State } from "./state.js";

/** What all operations on one directory have in common. */
export interface Environment {
  readonly directory: string;
  /** The pinned Configuration, encoded and not. */
  readonly configuration: Uint8Array;
  readonly config: Configuration;
  readonly verifier: Verifier;
  readonly store: Store;
  readonly transport: Transport;
  /** How other servers are reached: in the same way. */
  reach(base: string): Transport;
  readonly now: () => number;
  /** The directory was found to have no batches. */
  lacksBatches: boolean;
  readonly verifyEvidence: VerifyEvidence;
  /** The witness policy that a state has, parsed. */
  policyOf(state: State): DirectoryPolicy | undefined;
}

/** Tells whether an evidence file proves anything to others. */
export type VerifyEvidence = (json: string) => boolean | Promise<boolean>;

const maxConflicts = 5;

/**
 * Runs work while nobody else works on the directory, and anew if somebody did all the same,
 * which can be where tabs cannot lock each other out. Throws a Failure.
 */
export async function exclusively<T>(
  store: Store,
  directory: string,
  options: OperationOptions,
  work: () => Promise<T>,
): Promise<T> {
  try {
    for (let i = 0; ; i++) {
      try {
        return await store.exclusive(directory, options.signal, work);
      } catch (error) {
        if (!(error instanceof ConflictError) || i === maxConflicts) throw error;
      }
    }
  } catch (error) {
    throw asFailure(error, options.signal);
  }
}

/** What is no Failure is of this machine: storage, or that the user gave up. */
function asFailure(error: unknown, signal: AbortSignal | undefined): Failure {
  if (error instanceof Failure) return error;
  const step = signal?.aborted ? "waiting" : "using what is retained";
  const message = error instanceof Error ? error.message : String(error);
  return new Failure("operational", step, message || String(error), { cause: error });
}
