import { Reader, Writer } from "./codec.js";
import { type DeploymentMode, thirdPartyManagement } from "./config.js";
import { openingSize } from "./suite.js";

/**
 * The value of a label-version pair as it is committed to: KEYTRANS, "Update Format".
 * `signature` is the Service Operator's, present under third-party management only.
 */
export interface UpdateValue {
  value: Uint8Array;
  signature?: Uint8Array;
}

/** Reads an UpdateValue. Throws a Refusal "malformed". */
export function readUpdateValue(r: Reader, mode: DeploymentMode): UpdateValue {
  const value = r.opaque(4, "value");
  return mode === thirdPartyManagement ? { value, signature: r.opaque(2, "value signature") } : { value };
}

/** Appends an UpdateValue to what is written. */
export function writeUpdateValue(w: Writer, mode: DeploymentMode, u: UpdateValue): void {
  w.opaque(4, u.value);
  if (mode === thirdPartyManagement) w.opaque(2, u.signature ?? new Uint8Array());
}

/** Reads an Opening. Throws a Refusal "malformed". */
export function readOpening(r: Reader): Uint8Array {
  return r.fixed(openingSize, "opening");
}

/** Appends an Opening to what is written. */
export function writeOpening(w: Writer, opening: Uint8Array): void {
  w.fixed(opening, openingSize);
}
