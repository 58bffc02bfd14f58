import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { operationNames, prepare, type OperationCase } from "../agree/operations.js";
import { encodeHex, Refusal } from "../src/index.js";
import { hex, readVectors } from "./vectors.js";

interface Case extends Omit<OperationCase, "configuration"> {
  name: string;
  of?: string;
  log?: string;
}

/** The accepted responses of an operation, or credentials, with what their users retain. */
function originals(operation: string): OperationCase[] {
  const { cases, logs } = readVectors<Case>(operation);
  return cases
    .filter((c) => c.of === undefined)
    .map((c) => ({ ...c, configuration: logs[c.log ?? ""] ?? "" }));
}

/** One change of a byte string, at a part of its length. */
const change = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  remove: fc.nat({ max: 70 }),
  insert: fc.uint8Array({ maxLength: 40 }),
});

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

const applied = (c: Change, hexBytes: string): string => {
  const at = 2 * Math.floor((c.at * hexBytes.length) / 2);
  return hexBytes.slice(0, at) + encodeHex(c.insert) + hexBytes.slice(at + 2 * c.remove);
};

/** Verifies, and returns whether that was refused. Anything but a Refusal is thrown. */
function refused(operation: string, c: OperationCase): boolean {
  try {
    prepare(operation, c).verify();
    return false;
  } catch (e) {
    if (e instanceof Refusal) return true;
    throw e;
  }
}

for (const operation of operationNames) {
  test(`whatever comes in answer to ${operation}, the verifier ends with a result or a Refusal`, () => {
    const cases = originals(operation);
    let count = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...cases),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        (c, changes) => {
          const member = operation === "credential" ? "credential" : "response";
          const tampered = changes.reduce((s, one) => applied(one, s), c[member] ?? "");
          if (refused(operation, { ...c, [member]: tampered })) count++;
        },
      ),
      { numRuns: 60 },
    );
    assert.ok(count > 30, `${count} responses were refused`);
  });

  test(`random bytes in answer to ${operation} are refused`, () => {
    const [c] = originals(operation);
    assert.ok(c);
    // A few bytes are answers of a batch that claim something and prove nothing.
    const minLength = operation === "batch" ? 10 : 0;
    fc.assert(
      fc.property(fc.uint8Array({ minLength, maxLength: 300, size: "max" }), (bytes) => {
        const text = encodeHex(bytes);
        assert.ok(refused(operation, { ...c, response: text, credential: text }));
      }),
      { numRuns: 100 },
    );
  });
}

test("an answer to one is none to another", () => {
  let refusals = 0;
  const all = operationNames.flatMap((operation) =>
    originals(operation)
      .slice(0, 3)
      .map((c) => ({ operation, c })),
  );
  for (const { operation, c } of all) {
    for (const other of all) {
      if (other.operation === operation) continue;
      const bytes = other.c.response ?? other.c.credential ?? "";
      assert.ok(hex(bytes).length > 0);
      const swapped = operation === "credential" ? { credential: bytes } : { response: bytes };
      // These have the same encoding, and a proof may have nothing but the update of the view.
      const alike = ["contact-monitor", "owner-monitor", "distinguished"];
      if (refused(operation, { ...c, ...swapped })) refusals++;
      else
        assert.ok(
          alike.includes(operation) && alike.includes(other.operation),
          `${other.operation} for ${operation}`,
        );
    }
  }
  assert.ok(refusals > 500, `${refusals} refusals`);
});
