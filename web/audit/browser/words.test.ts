import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { lagWords } from "../islands/lag.js";

describe("words", () => {
  const cases: readonly [ms: number, words: string][] = [
    [0, "in the same second as it"],
    [-0, "in the same second as it"],
    [-499, "in the same second as it"],
    [-500, "in the same second as it"],
    [499, "in the same second as it"],
    [3200, "3 s after it"],
    [-2000, "2 s before it"],
  ];
  for (const [ms, words] of cases) test(`${ms} ms`, () => assert.equal(lagWords(ms, "it"), words));
});
