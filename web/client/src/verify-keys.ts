import { commit, vrfInput } from "./commitment.js";
import { Refusal } from "./errors.js";
import { setCommitment, type VersionKey } from "./keys.js";
import type { BinaryLadderStep } from "./proof.js";
import type { Rules, Session } from "./session.js";
import { verifyUpdate } from "./signature.js";
import type { TraceStep } from "./trace.js";
import type { UpdateValue } from "./value.js";

/**
 * Verifies the VRF proofs of a binary ladder for the given versions. Returns what it says of
 * each, and records that in a trace.
 */
export function ladderKeys(
  rules: Rules,
  label: Uint8Array,
  versions: readonly number[],
  steps: readonly BinaryLadderStep[],
  trace: TraceStep[],
): Map<number, VersionKey> {
  if (steps.length !== versions.length) {
    throw new Refusal("proof", `${steps.length} binary ladder steps for ${versions.length} versions`);
  }
  const keys = new Map<number, VersionKey>();
  steps.forEach(({ proof, commitment }, i) => {
    const version = versions[i] ?? 0;
    const output = rules.vrf.verify(vrfInput(label, version), proof);
    keys.set(version, { searchKey: output, commitment, proven: false });
    trace.push({ step: "vrf", version, output, commitment });
  });
  return keys;
}

/** Refuses a commitment that a response provides for a version to which that does not apply. */
export function refuseCommitments(
  keys: ReadonlyMap<number, VersionKey>,
  surplus: (version: number) => boolean,
): void {
  for (const [version, key] of keys) {
    if (key.commitment && surplus(version)) {
      throw new Refusal("proof", `a commitment was provided for version ${version}`);
    }
  }
}

/** Adds the commitment to a version, computed from its opening and value. */
export function commitTo(
  rules: Rules,
  label: Uint8Array,
  version: number,
  opening: Uint8Array,
  value: UpdateValue,
  keys: Map<number, VersionKey>,
  trace: TraceStep[],
): Uint8Array {
  const commitment = commit(rules.config.mode, opening, label, version, value);
  setCommitment(keys, version, commitment);
  trace.push({ step: "commitment", version, opening, commitment });
  return commitment;
}

/**
 * Verifies the operator's signature of a version's value, whose commitment has been looked up if
 * the algorithm at hand does that. That a log holds a value without one is evidence; that a
 * response claims one is not.
 */
export function verifyValue(s: Session, label: Uint8Array, version: number, value: UpdateValue): void {
  const { config } = s.rules;
  try {
    verifyUpdate(config, label, version, value);
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    if (s.consumer.keys.get(version)?.proven) s.walk.contradict(e.message, "signature");
    else s.walk.reject(new Refusal("proof", e.message));
    return;
  }
  const { leafPublicKey } = config;
  if (leafPublicKey) s.walk.trace.push({ step: "value", version, leafPublicKey });
}
