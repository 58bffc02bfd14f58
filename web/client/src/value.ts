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

export function readUpdateValue(r: Reader, mode: DeploymentMode): UpdateValue {
  const value = r.opaque(4, "value");
  return mode === thirdPartyManagement ? { value, signature: r.opaque(2, "value signature") } : { value };
}

export function writeUpdateValue(w: Writer, mode: DeploymentMode, u: UpdateValue): void {
  w.opaque(4, u.value);
  if (mode === thirdPartyManagement) w.opaque(2, u.signature ?? new Uint8Array());
}

export function readOpening(r: Reader): Uint8Array {
  return r.fixed(openingSize, "opening");
}

export function writeOpening(w: Writer, opening: Uint8Array): void {
  w.fixed(opening, openingSize);
}
