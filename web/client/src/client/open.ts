import { encodeHex, encodeUtf8, equalBytes } from "../bytes.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { isWitnessed, type SignedCheckpoint } from "../checkpoint.js";
import type { ClientOptions } from "../client.js";
import { type Configuration, parseConfiguration } from "../config.js";
import { Failure } from "../failure.js";
import type { Store } from "../state/store.js";
import { Transport } from "../transport.js";
import { Verifier } from "../verifier.js";
import { emptyView } from "../view.js";
import { distinguished } from "./distinguished.js";
import { type Environment, exclusively } from "./environment.js";
import { dateText } from "./head.js";
import { Operation } from "./operation.js";
import { directoryPolicy, type DirectoryPolicy, openDirectoryCheckpoint } from "./policy.js";
import { mergePending } from "./proceed.js";
import { cloneState, type State, type Witnessing } from "./state.js";
import { discardState, loadState, saveState, type Stored } from "./stored.js";
import { baseUrl } from "./url.js";

const pinning = "pinning the configuration";

/** See Client.open. */
export async function openEnvironment(options: ClientOptions): Promise<Environment> {
  const directory = baseUrl(options.directory, options.insecureHttp === true);
  const policy =
    options.policy === undefined ? undefined : directoryPolicy(options.policy, directory, options);
  const { store, signal } = options;
  return exclusively(store, directory, signal ? { signal } : {}, async () => {
    const stored = await loadState(store, directory);
    const env = await pin(options, directory, stored?.state);
    if (stored) await adopt(options, stored, policy, env.now());
    else await begin(options, env, policy);
    return env;
  });
}

/** Decides which Configuration everything is verified against. */
async function pin(
  options: ClientOptions,
  directory: string,
  state: State | undefined,
): Promise<Environment> {
  const fetcher = options.fetch ?? globalThis.fetch.bind(globalThis);
  const reach = (base: string) => new Transport({ ...options.transport, base, fetch: fetcher });
  const transport = reach(directory);
  if (state && options.configuration && !equalBytes(state.configuration, options.configuration)) {
    throw otherConfiguration(state, options.configuration);
  }
  const configuration =
    state?.configuration ?? options.configuration ?? (await fetchConfiguration(transport, options));
  const { config, verifier } = usable(configuration);
  return {
    directory,
    configuration,
    config,
    verifier,
    store: options.store,
    transport,
    reach,
    now: options.now ?? Date.now,
    lacksBatches: false,
    verifyEvidence: options.verifyEvidence ?? isProof,
    policyOf: (s) => s.witness && directoryPolicy(s.witness.policy, directory, options),
  };
}

/** Evidence is rare, and its verifier large: it is loaded when there is some. */
async function isProof(json: string): Promise<boolean> {
  const { parseEvidence, verifyEvidence } = await import("../evidence/index.js");
  return verifyEvidence(parseEvidence(encodeUtf8(json))).outcome === "proven";
}

async function fetchConfiguration(transport: Transport, options: ClientOptions): Promise<Uint8Array> {
  try {
    return await transport.get("/v1/configuration", options.signal);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const hint = "is this the base URL of a directory?";
    throw new Failure("undecided", "fetching the configuration", message, { hint, cause: error });
  }
}

function usable(configuration: Uint8Array): { config: Configuration; verifier: Verifier } {
  try {
    const config = parseConfiguration(configuration);
    return { config, verifier: new Verifier(config) };
  } catch (cause) {
    const message = `the configuration cannot be used: ${(cause as Error).message}`;
    throw new Failure("undecided", pinning, message, { cause });
  }
}

function otherConfiguration(state: State, given: Uint8Array): Failure {
  const sum = (b: Uint8Array) => encodeHex(sha256(b));
  const message = `the directory now has another configuration (SHA-256 ${sum(given)}) than the one pinned on ${dateText(state.trustedAt)} (SHA-256 ${sum(state.configuration)})`;
  const hint =
    "ask its operator why. The old one stays pinned; to begin anew, discard what is retained of the directory, which forgets what was verified";
  return new Failure("attention", "comparing the configuration", message, { hint });
}

/** What is retained of a directory that nothing was verified of. */
function firstState(env: Environment, policy: DirectoryPolicy | undefined): State {
  return {
    directory: env.directory,
    configuration: env.configuration,
    trustedAt: env.now(),
    view: emptyView,
    proofs: new Map(),
    recent: [],
    contacts: new Map(),
    owners: new Map(),
    witness: policy && { policy: policy.text, last: undefined, pending: [], visited: undefined },
  };
}

/** Begins to retain a directory. A Configuration that was fetched is pinned if its head verifies under it. */
async function begin(
  options: ClientOptions,
  env: Environment,
  policy: DirectoryPolicy | undefined,
): Promise<void> {
  const op = new Operation(
    env,
    options.signal ? { signal: options.signal } : {},
    firstState(env, policy),
    undefined,
  );
  if (options.configuration) await saveState(env.store, op.state, undefined);
  else await distinguished(op);
}

/** Retains a policy that was given for a directory that is pinned already. */
async function adopt(
  options: ClientOptions,
  stored: Stored,
  policy: DirectoryPolicy | undefined,
  now: number,
): Promise<void> {
  const before = stored.state.witness;
  if (!policy || before?.policy === policy.text) return;
  if (before && options.replacePolicy !== true) {
    const message = `another witness policy was given than the one retained since ${dateText(stored.state.trustedAt)}`;
    const hint =
      "see what changed: witnesses that are left out no longer warn you. The old one stays in force until it is replaced";
    throw new Failure("attention", "comparing the witness policy", message, { hint });
  }
  const next = cloneState(stored.state);
  next.witness = newWitnessing(policy, stored.state, now);
  await saveState(options.store, next, stored.record);
}

/**
 * Begins to keep a policy. What was pending stays so, and what the view has is pending, too: it was
 * not held against this policy's witnesses. The retained checkpoints survive if they are of the log
 * of the new policy, the one with a quorum if it has that one's, too.
 */
function newWitnessing(policy: DirectoryPolicy, state: State, now: number): Witnessing {
  const before = state.witness;
  const frontier = state.view.frontier.map((e) => ({
    ...e,
    proof: state.proofs.get(e.position),
    firstSeen: now,
  }));
  const last = before?.last && opened(policy, before.last);
  return {
    policy: policy.text,
    last: last && isWitnessed(policy.policy, last) ? last.note : undefined,
    pending: mergePending(before?.pending ?? [], frontier),
    visited: before?.visited && opened(policy, before.visited.note) && before.visited,
  };
}

/** A checkpoint under a policy; undefined if it is none of its log. */
function opened(policy: DirectoryPolicy, note: Uint8Array): SignedCheckpoint | undefined {
  try {
    return openDirectoryCheckpoint(policy, note);
  } catch {
    return undefined;
  }
}

/** See Client.discard. */
export function discard(store: Store, directory: string): Promise<void> {
  const url = baseUrl(directory, true);
  return exclusively(store, url, {}, () => discardState(store, url));
}
