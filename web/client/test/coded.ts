/** A message with the two functions that it goes through. */
export interface Coded {
  message: unknown;
  /** Encodes what `parse` has returned. */
  encode(message: unknown): Uint8Array;
  parse(b: Uint8Array): unknown;
}

export const coded = <T>(message: T, encode: (m: T) => Uint8Array, parse: (b: Uint8Array) => T): Coded => ({
  message,
  encode: (m) => encode(m as T),
  parse,
});
