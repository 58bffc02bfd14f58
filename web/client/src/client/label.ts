import { decodeUtf8, encodeUtf8 } from "../bytes.js";
import { maxLabelSize } from "../suite.js";
import { usage } from "./errors.js";

/** Verifies that a label can be asked for and retained. Throws a Failure. */
export function checkLabel(label: string): void {
  const size = encodeUtf8(label).length;
  if (size === 0 || size > maxLabelSize) throw usage(`a label has 1 to ${maxLabelSize} bytes`);
  // What is asked for must be what was given: a lone surrogate is no Unicode text.
  if (/\p{Surrogate}/u.test(label)) throw usage("the label is not Unicode text");
}

/** The text of a label, and its bytes: labels are UTF-8. */
export const labelText = (label: Uint8Array): string => decodeUtf8(label);
export const labelBytes = (label: string): Uint8Array => encodeUtf8(label);
