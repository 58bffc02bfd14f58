import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { compareHeads, type DistinguishedHead } from "../src/index.js";

/** Heads that are told apart by a letter each. */
const list = (letters: string): DistinguishedHead => ({
  heads: [...letters].map((c) => new Uint8Array(32).fill(c.charCodeAt(0))),
});

test("lists of distinguished heads are compared as the draft does", () => {
  for (const [a, b, want] of [
    ["", "", "length"],
    ["ab", "abc", "length"],
    ["abc", "abc", 3],
    ["abc", "bcd", 2],
    ["cde", "abc", 1],
    ["abc", "def", "disjoint"],
    ["abc", "axc", "conflict"],
    ["abc", "xab", 2],
    ["abc", "bxd", "conflict"],
    ["abc", "cab", 2],
    ["aab", "aaa", 2],
  ] as const) {
    assert.equal(compareHeads(list(a), list(b)), want, `${a} and ${b}`);
    assert.equal(compareHeads(list(b), list(a)), want, `${b} and ${a}`);
  }
});

test("two windows of one log of n heads have in common what they overlap in", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), fc.nat(15), (n, shift) => {
      const log = "abcdefghijklmnopqrstuvwxyz";
      const got = compareHeads(list(log.slice(0, n)), list(log.slice(shift, shift + n)));
      assert.equal(got, shift < n ? n - shift : "disjoint");
    }),
  );
});
