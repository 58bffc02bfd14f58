import { Refusal } from "../errors.js";
import type { Budget } from "./budget.js";

/**
 * What is found in a key. It is filled in as the key is read, so of a key that is refused
 * there is what could be had.
 */
export interface Facts {
  /** Algorithm, creation date: for the description. */
  words: string[];
  /** The last moment of validity, in seconds since 1970. */
  expires?: number;
  revoked: boolean;
  /** The words of docs/keyset.md, in any order. */
  weak: string[];
}

/** Finds out about a key of a format. Throws a Refusal, or a KeyRefusal, for what is no such key. */
export type Inspect = (data: Uint8Array, facts: Facts, budget: Budget) => void;

/**
 * A key that is refused for another reason than being malformed: it is a private one, which is
 * public now, or too little is known of it to say that it is safe to publish.
 */
export class KeyRefusal extends Refusal {
  readonly reason: "private-key" | "unsupported";

  constructor(reason: "private-key" | "unsupported", message: string) {
    super("malformed", message);
    this.name = "KeyRefusal";
    this.reason = reason;
  }
}

/** Refuses a key as malformed. */
export function malformed(what: string): never {
  throw new Refusal("malformed", `malformed key: ${what}`);
}

export function privateKey(): never {
  throw new KeyRefusal("private-key", "this is a PRIVATE key");
}

/** Returns what a function of a library returns, and undefined where it throws at its input. */
export function attempt<T>(f: () => T): T | undefined {
  try {
    return f();
  } catch {
    return undefined;
  }
}

/** Makes the key expire at a time in seconds since 1970, unless that is none, or it does before. */
export function endBy(facts: Pick<Facts, "expires">, at: number | undefined): void {
  if (at !== undefined && (facts.expires === undefined || at < facts.expires)) facts.expires = at;
}

/** Each byte as one character, for patterns. */
export function latin1(b: Uint8Array): string {
  let s = "";
  for (const v of b) s += String.fromCharCode(v);
  return s;
}
