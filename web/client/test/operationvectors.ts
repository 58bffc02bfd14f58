// The cases of operations in the project's test vectors: testdata/vectors/README.md.
import assert from "node:assert/strict";
import { test } from "node:test";

import { prepare, type OperationCase } from "../agree/operations.js";
import { decodeHex, encodeHex, Refusal } from "../src/index.js";
import { applyEdits, readVectors, type Edit } from "./vectors.js";

interface Case extends Omit<OperationCase, "configuration"> {
  name: string;
  of?: string;
  log?: string;
  edits?: Edit[];
  credential_update_edits?: Edit[];
  expect: { refusal?: string };
}

const apply = (edits: readonly Edit[], hex: string): string => encodeHex(applyEdits(decodeHex(hex), edits));

/** Gives the cases all that they share with the cases they are copies of. */
function resolve(cases: readonly Case[]): Case[] {
  const byName = new Map<string, Case>();
  return cases.map((c) => {
    const base = c.of === undefined ? undefined : byName.get(c.of);
    assert.equal(base === undefined, c.of === undefined, `${c.name}: there is no case ${c.of}`);
    assert.ok(!byName.has(c.name), `two cases are named ${c.name}`);
    const out = base ? { ...base, ...c } : c;
    if (base && c.edits) {
      if (base.response !== undefined) out.response = apply(c.edits, base.response);
      if (base.credential !== undefined) out.credential = apply(c.edits, base.credential);
    }
    if (base?.credential_update !== undefined && c.credential_update_edits) {
      out.credential_update = apply(c.credential_update_edits, base.credential_update);
    }
    byName.set(c.name, out);
    return out;
  });
}

/** All that a value consists of, as text. */
function snapshot(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) => {
    if (v instanceof Uint8Array) return encodeHex(v);
    return v instanceof Map ? [...v] : v;
  });
}

/** What becomes of a case: what its response establishes, or why it is refused. */
function outcome(operation: string, c: Case, configuration: string): unknown {
  let before = "";
  let inputs: unknown;
  try {
    const prepared = prepare(operation, { ...c, configuration });
    inputs = prepared.inputs;
    before = snapshot(inputs);
    const expect = prepared.verify();
    assert.equal(snapshot(inputs), before, "what the verifier was given changed");
    return expect;
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    if (inputs !== undefined) assert.equal(snapshot(inputs), before, "a refused response changed something");
    return { refusal: e.kind };
  }
}

/**
 * Verifies the cases of an operation's file and holds each outcome against the vector's. `counts`
 * are how many there are by kind of refusal, "" for those that are accepted.
 */
export function testVectors(operation: string, counts: Record<string, number>): void {
  const { cases, logs } = readVectors<Case>(operation);
  const found: Record<string, number> = {};
  for (const c of resolve(cases)) {
    const kind = c.expect.refusal ?? "";
    found[kind] = (found[kind] ?? 0) + 1;
    test(c.name, () => {
      const configuration = logs[c.log ?? ""];
      assert.ok(configuration, `${c.name}: no log`);
      assert.deepEqual(outcome(operation, c, configuration), c.expect);
    });
  }
  test(`the cases of ${operation}`, () => assert.deepEqual(found, counts));
}
