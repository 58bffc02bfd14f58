/** A value that is no key set: as text if it is plain, and in bytes. */
import { decodeUtf8, encodeHex } from "@ghostlight/client";
import { code, el, foreign } from "./dom.js";

const most = 96;

/** Describes such a value, and why its keys are not shown. */
export function describeUnread(value: Uint8Array, why: string): HTMLElement[] {
  const text = plainText(value);
  const more = value.length > most ? " …" : "";
  return [
    el("p", {}, `${why} It has ${value.length} bytes.`),
    ...(text === undefined ? [] : [el("p", {}, "As text: ", foreign(text))]),
    el("p", {}, code(encodeHex(value.subarray(0, most)) + more)),
  ];
}

/** The value as text, if it is short and without control characters. */
function plainText(value: Uint8Array): string | undefined {
  if (value.length === 0 || value.length > 400) return undefined;
  try {
    const text = decodeUtf8(value);
    return /\p{Cc}/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
