import type { VerifyMldsa44 } from "./checkpoint.js";
import type { Configuration } from "./config.js";
import { checkCheckpoint, consistency, entry } from "./client/checkpoints.js";
import type { Environment, VerifyEvidence } from "./client/environment.js";
import { listEvidence } from "./client/evidence.js";
import { discard, openEnvironment } from "./client/open.js";
import type { Operation } from "./client/operation.js";
import { runOperation } from "./client/run.js";
import { cloneState } from "./client/state.js";
import { forgetDamage, isDamaged } from "./client/stored.js";
import { Failure } from "./failure.js";
import type {
  AbsentResult,
  CheckedCredential,
  CheckpointResult,
  ComparedHeads,
  ConsistencyResult,
  EntryResult,
  EvidenceFile,
  HeadsExport,
  HeadsResult,
  HistoryResult,
  LookupResult,
  ManyResult,
  OperationOptions,
  OwnResult,
  WatchResult,
} from "./results.js";
import type { Store } from "./state/store.js";
import type { TransportOptions } from "./transport.js";

/** How to open a directory. */
export interface ClientOptions {
  /** Its base URL, such as `https://keys.example.org`. */
  readonly directory: string;
  /** The encoded Configuration, if it is known. Otherwise the first contact is taken on faith. */
  readonly configuration?: Uint8Array;
  /** A witness policy (C2SP tlog-policy). It is retained: later openings need not give it. */
  readonly policy?: string;
  /** Takes the policy in the place of another one that is retained. Otherwise that is refused. */
  readonly replacePolicy?: boolean;
  readonly store: Store;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
  /** The clock, in milliseconds since 1970. Default: Date.now. */
  readonly now?: () => number;
  /** Permits http to hosts other than this machine. Everybody on the way sees the labels then. */
  readonly insecureHttp?: boolean;
  /** Time-outs, repetitions and limits of requests. */
  readonly transport?: Partial<Omit<TransportOptions, "base" | "fetch">>;
  /** Verifies ML-DSA-44 signatures of witnesses: see "./mldsa". Without it they count for nothing. */
  readonly mldsa44?: VerifyMldsa44;
  /** Tells evidence from reports. Default: the package's verifier of evidence. */
  readonly verifyEvidence?: VerifyEvidence;
  /** Aborts the opening. */
  readonly signal?: AbortSignal;
}

/**
 * Talks to one pinned directory. It keeps nothing in memory between calls: each operation has the
 * directory's state to itself, reads it, and stores it anew after what was verified. It is safe for
 * concurrent use, also with other tabs: operations wait for each other.
 *
 * What concerns labels is imported with the first operation on one, so that who only looks at the
 * log need not load it.
 *
 * Each method rejects with a Failure, and with nothing else. Nothing is retained of an answer that
 * does not verify.
 */
export class Client {
  readonly #env: Environment;

  private constructor(env: Environment) {
    this.#env = env;
  }

  /**
   * Opens a directory. The first time it pins the Configuration: the given one, or the one that the
   * directory has, if the directory's head verifies under it. Rejects with a Failure of the kind
   * "attention" if another Configuration or policy is given than the one that is retained.
   */
  static async open(options: ClientOptions): Promise<Client> {
    return new Client(await openEnvironment(options));
  }

  /** Forgets everything that is retained of a directory: the next opening is the first one again. */
  static async discard(store: Store, directory: string): Promise<void> {
    await discard(store, directory);
  }

  /** The base URL, in its one form. */
  get directory(): string {
    return this.#env.directory;
  }

  /** The pinned Configuration, encoded. */
  get configuration(): Uint8Array {
    return this.#env.configuration;
  }

  /** The pinned Configuration. It must not be modified. */
  get config(): Configuration {
    return this.#env.config;
  }

  /** Whether what is verified will be remembered. */
  get remembers(): boolean {
    return this.#env.store.lasting;
  }

  /**
   * Whether damaged state was found, and the one before it taken. Forget that with
   * acknowledgeDamage.
   */
  isDamaged(): Promise<boolean> {
    return this.#run({}, [], (op) => isDamaged(op.env));
  }

  acknowledgeDamage(): Promise<void> {
    return this.#run({}, [], (op) => forgetDamage(op.env));
  }

  /**
   * Looks up the greatest version of a label, or the given one. The label is sent as it is: see
   * normalizeLabel. It is a contact from then on, for watch. A version that the label's account key
   * did not sign is refused with a Failure of the kind "attention". If the directory says that there
   * is nothing, it has to prove that.
   */
  lookup(
    label: string,
    options: OperationOptions & { readonly version?: number } = {},
  ): Promise<LookupResult | AbsentResult> {
    return this.#run(options, [label], async (op) =>
      (await load(labelOperations)).lookup(op, { label, version: options.version }),
    );
  }

  /**
   * Looks up the greatest versions of labels, with as few requests as the directory permits. There
   * is a result for each, in order; what rejects concerns them all.
   */
  lookupMany(labels: readonly string[], options: OperationOptions = {}): Promise<ManyResult[]> {
    return this.#run(options, labels, async (op) => (await load(labelOperations)).lookupMany(op, labels));
  }

  /** Looks up the versions of a label, newest first, at most `limit` of them; 0: all. */
  history(label: string, limit = 0, options: OperationOptions = {}): Promise<HistoryResult | AbsentResult> {
    return this.#run(options, [label], async (op) => (await load(labelOperations)).history(op, label, limit));
  }

  /**
   * Does one round of monitoring: brings the view of the log up to date, verifies the owned labels
   * up to the log's present state, and goes on with the monitoring of contacts.
   */
  watch(options: OperationOptions = {}): Promise<WatchResult> {
    return this.#run(options, [], async (op) => (await load(labelOperations)).watch(op));
  }

  /**
   * Makes the client an owner of a label, if it is not yet, and monitors it up to the log's present
   * state. The versions that exist when a label is taken over are accepted.
   */
  own(label: string, options: OperationOptions = {}): Promise<OwnResult> {
    return this.#run(options, [label], async (op) => (await load(labelOperations)).own(op, label));
  }

  /** Accepts an unexpected version of an owned label. It contacts nobody. */
  accept(label: string, version: number): Promise<OwnResult> {
    return this.#run({}, [label], async (op) => (await load(labelOperations)).accept(op, label, version));
  }

  /**
   * Gives up what is retained of labels in a role: they are no longer monitored. What was verified
   * of the log stays. It contacts nobody.
   */
  forget(role: "owner" | "contact", ...labels: string[]): Promise<void> {
    return this.#run({}, [], async (op) => {
      const next = cloneState(op.state);
      for (const label of labels) (role === "owner" ? next.owners : next.contacts).delete(label);
      await op.store(next);
    });
  }

  /** The labels that were looked up, and those that are owned, in order. */
  labels(): Promise<{ contacts: string[]; owned: string[] }> {
    return this.#run({}, [], async ({ state }) => ({
      contacts: [...state.contacts.keys()].sort(),
      owned: [...state.owners.keys()].sort(),
    }));
  }

  /** The recent distinguished heads. With `offline` they are as of the last time. */
  heads(options: OperationOptions & { readonly offline?: boolean } = {}): Promise<HeadsResult> {
    return this.#run(options, [], async (op) =>
      (await load(labelOperations)).heads(op, options.offline === true),
    );
  }

  /** The recent distinguished heads for others. With `signed`, a difference is evidence. */
  exportHeads(options: OperationOptions & { readonly signed?: boolean } = {}): Promise<HeadsExport> {
    return this.#run(options, [], async (op) =>
      (await load(labelOperations)).exportHeads(op, options.signed === true),
    );
  }

  /**
   * Compares the heads that are retained with another person's: what exportHeads, or
   * `kt heads export`, gave to them, as a file or a text.
   */
  compareHeads(text: string, options: OperationOptions = {}): Promise<ComparedHeads> {
    return this.#run(options, [], async (op) => (await load(labelOperations)).compareHeads(op, text));
  }

  /**
   * Verifies the public log's present checkpoint and every signature on it, and that the log
   * continues the one that this browser saw on its last visit. Requires a policy.
   */
  checkCheckpoint(options: OperationOptions = {}): Promise<CheckpointResult> {
    return this.#run(options, [], (op) => checkCheckpoint(op));
  }

  /** Recomputes from tiles that the public log of size2 entries continues that of size1. Requires a policy. */
  consistency(size1: number, size2: number, options: OperationOptions = {}): Promise<ConsistencyResult> {
    return this.#run(options, [], (op) => consistency(op, size1, size2));
  }

  /** Reads a log entry and proves it to be in the public log. Requires a policy. */
  entry(position: number, options: OperationOptions = {}): Promise<EntryResult> {
    return this.#run(options, [], (op) => entry(op, position));
  }

  /**
   * Verifies a credential, and an update of it if one is given, against the distinguished heads that
   * are retained: see heads. Nobody is asked, and nothing is retained.
   */
  verifyCredential(file: string, update?: string): Promise<CheckedCredential> {
    return this.#run({}, [], async (op) => (await load(labelOperations)).verifyCredential(op, file, update));
  }

  /** The evidence that was found and is kept, newest first. */
  evidence(): Promise<EvidenceFile[]> {
    return this.#run({}, [], (op) => listEvidence(op));
  }

  /**
   * Runs an operation of another module of this package, such as checkRoster of "./roster", on
   * labels that may be retained.
   *
   * @internal
   */
  operate<T>(
    options: OperationOptions,
    labels: readonly string[],
    work: (op: Operation) => Promise<T>,
  ): Promise<T> {
    return this.#run(options, labels, work);
  }

  /** Runs an operation. What was verified stays, also if it fails. */
  async #run<T>(
    options: OperationOptions,
    labels: readonly string[],
    work: (op: Operation) => Promise<T>,
  ): Promise<T> {
    return runOperation(this.#env, options, labels, work);
  }
}

// One part, not one for each operation: a request more costs a visitor more than some kB do.
const labelOperations = () => import("./client/labeloperations.js");

/** Loads a part of the program. Throws a Failure. */
async function load<T>(part: () => Promise<T>): Promise<T> {
  try {
    return await part();
  } catch (cause) {
    throw new Failure("operational", "loading the program", "a part of it could not be loaded", { cause });
  }
}
