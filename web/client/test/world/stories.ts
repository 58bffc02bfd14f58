import assert from "node:assert/strict";

import { Failure, type FailureKind } from "../../src/index.js";

/** Repeats a look until it sees what it waits for. Fails after a minute. */
export async function eventually(look: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail("it did not come to be in a minute");
}

/** Asserts that work fails with a Failure of a kind, and returns it. */
export async function fails(work: Promise<unknown>, kind: FailureKind, message?: RegExp): Promise<Failure> {
  try {
    await work;
  } catch (error) {
    assert.ok(
      error instanceof Failure,
      `not a Failure: ${error instanceof Error ? error.stack : String(error)}`,
    );
    assert.equal(error.kind, kind, `${error.step}: ${error.message}`);
    if (message) assert.match(error.message, message);
    return error;
  }
  assert.fail("it did not fail");
}
