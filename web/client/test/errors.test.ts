import assert from "node:assert/strict";
import { test } from "node:test";

import { Refusal } from "../src/index.js";

test("a refusal is an error of a kind", () => {
  const r = new Refusal("proof", "two proofs for one entry");
  assert.ok(r instanceof Error);
  assert.equal(r.kind, "proof");
});
