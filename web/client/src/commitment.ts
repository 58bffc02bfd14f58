import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

import { decodeHex, equalBytes } from "./bytes.js";
import { Writer } from "./codec.js";
import { type Configuration, type DeploymentMode, writeConfiguration } from "./config.js";
import { type UpdateValue, writeOpening, writeUpdateValue } from "./value.js";

/** Kc of both registered cipher suites. */
const commitmentKey = /* @__PURE__ */ decodeHex("d821f8790d97709796b4d7903357c3f5");

/**
 * Returns the encoding of CommitmentValue. Requires an opening of openingSize bytes and a label of
 * at most maxLabelSize; throws a RangeError otherwise.
 */
export function commitmentValue(
  mode: DeploymentMode,
  opening: Uint8Array,
  label: Uint8Array,
  version: number,
  u: UpdateValue,
): Uint8Array {
  const w = new Writer();
  writeOpening(w, opening);
  w.opaque(1, label).u32(version);
  writeUpdateValue(w, mode, u);
  return w.bytes();
}

/**
 * Returns the commitment to a label's value at a version: KEYTRANS, "Commitment". Its requirements
 * are those of commitmentValue.
 */
export function commit(
  mode: DeploymentMode,
  opening: Uint8Array,
  label: Uint8Array,
  version: number,
  u: UpdateValue,
): Uint8Array {
  return hmac(sha256, commitmentKey, commitmentValue(mode, opening, label, version, u));
}

/** Reports whether the opening and value open the commitment. */
export function opensCommitment(
  mode: DeploymentMode,
  commitment: Uint8Array,
  opening: Uint8Array,
  label: Uint8Array,
  version: number,
  u: UpdateValue,
): boolean {
  return equalBytes(commit(mode, opening, label, version, u), commitment);
}

/**
 * Returns the bytes that a Service Operator signs for a new version under third-party management:
 * KEYTRANS, "Update Format".
 */
export function updateTBS(
  c: Configuration,
  label: Uint8Array,
  version: number,
  value: Uint8Array,
): Uint8Array {
  const w = new Writer();
  writeConfiguration(w, c);
  return w.opaque(1, label).u32(version).opaque(4, value).bytes();
}

/** Returns the VRF's input for a label-version pair: the encoding of VrfInput. */
export function vrfInput(label: Uint8Array, version: number): Uint8Array {
  return new Writer().opaque(1, label).u32(version).bytes();
}
