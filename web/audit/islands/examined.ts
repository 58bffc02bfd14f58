/** What came of a file, before it is shown. */
import { Refusal, type Checker } from "@ghostlight/client";
import type { Child } from "./dom.js";
import { sentence } from "./outcome.js";
import { inWords } from "./trouble.js";
import type { Shown } from "./verdict.js";

/** A line of facts. */
export type Fact = readonly [term: string, value: Child];

/** What came of a file. */
export interface Examined {
  /** The file's name, or "what was pasted". */
  readonly name: string;
  /** What the file is, in a sentence. */
  readonly what: string;
  readonly shown: Shown;
  /** What is proven, and against whom. */
  readonly facts: readonly Fact[];
  /** What is not. Empty if nothing is proven. */
  readonly unproven: readonly string[];
  /** How it was verified, in order. */
  readonly steps: readonly string[];
}

/** Who checks files. */
export const byBrowser: readonly Checker[] = [{ kind: "browser" }];

/** What came of a file that proves nothing. */
export function nothing(
  name: string,
  what: string,
  headline: string,
  reason: string,
  more: Partial<Examined> = {},
): Examined {
  const shown: Shown = { badge: "unchecked", headline, reason: sentence(reason), checkedBy: [] };
  return { name, what, shown, facts: [], unproven: [], steps: [], ...more };
}

/** Why something was refused, in words. */
export function reasonOf(failure: unknown): string {
  return failure instanceof Refusal ? failure.message : inWords(failure);
}
