import assert from "node:assert/strict";
import { test } from "node:test";

import { encodeUtf8, Refusal } from "../src/index.js";
import { parseProblem } from "../src/problem.js";

test("a refusal is an error of a kind", () => {
  const r = new Refusal("proof", "two proofs for one entry");
  assert.ok(r instanceof Error);
  assert.equal(r.kind, "proof");
});

test("a server's text cannot turn the sentence around that it is told in", () => {
  const headers = { "Content-Type": "application/problem+json" };
  const detail = "no such label\u202e\u2066 \u0000\n\u2028<b>\ud83d";
  const body = encodeUtf8(JSON.stringify({ detail, type: "x", __proto__: { field: "last" } }));
  const problem = parseProblem(new Response(null, { status: 404, headers }), body);
  assert.equal(
    problem.message,
    "the server answered 404: no such label\ufffd\ufffd \ufffd\ufffd\ufffd<b>\ufffd",
  );
  assert.equal(problem.field, "");
});
