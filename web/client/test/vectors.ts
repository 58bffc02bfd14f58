// Test vectors: the project's own (testdata/vectors) and the shared ones, which are not part of
// the project and lie beside its checkout (../shared/vectors).

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";

import { concat, decodeHex, Refusal, type RefusalKind } from "../src/index.js";

/** The root of the repository: where go.mod is. */
export const repository = findRepository(dirname(fileURLToPath(import.meta.url)));

function findRepository(folder: string): string {
  if (existsSync(join(folder, "go.mod"))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error("no go.mod above the tests");
  return findRepository(parent);
}

/** A vector file, with the members of its cases still to be told what they are. */
export interface VectorFile<C> {
  cases: C[];
  logs: Record<string, string>;
}

/** Reads a file of the project's vectors. */
export function readVectors<C>(name: string): VectorFile<C> {
  const text = readFileSync(join(repository, "testdata", "vectors", `${name}.json`), "utf8");
  return JSON.parse(text) as VectorFile<C>;
}

const sharedFolder = join(repository, "..", "shared", "vectors");

/** A case of the shared vectors. */
export interface SharedCase<I, E> {
  name: string;
  input: I;
  expect: E;
}

/**
 * What became of a case: "agreed" if what we make equals the vector and we accept what it has,
 * "refused" if we refuse what it wants refused, anything else as its test says.
 */
export type Outcome = string;

function checkTally(cases: number, tally: Record<Outcome, number>, want: Record<Outcome, number>): void {
  assert.deepEqual(tally, want);
  const ran = Object.values(tally).reduce((a, b) => a + b, 0);
  assert.equal(ran, cases, "a case was left out");
}

/** Runs all cases, and holds what became of them against how many of each outcome there must be. */
export function runAll<C>(cases: readonly C[], want: Record<Outcome, number>, run: (c: C) => Outcome): void {
  const tally: Record<Outcome, number> = {};
  for (const c of cases) {
    const outcome = run(c);
    tally[outcome] = (tally[outcome] ?? 0) + 1;
  }
  checkTally(cases.length, tally, want);
}

/** Adds a test of every case of a file of the shared vectors. */
export function testShared<I, E>(
  name: string,
  want: Record<Outcome, number>,
  run: (c: SharedCase<I, E>) => Outcome,
): void {
  test(`shared vectors: ${name}`, (t: TestContext) => {
    const file = join(sharedFolder, `${name}.json`);
    if (!existsSync(file)) {
      t.skip(`no shared vectors at ${sharedFolder}`);
      return;
    }
    const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: SharedCase<I, E>[] };
    runAll(cases, want, (c) => named(c.name, () => run(c)));
  });
}

/** Adds the name of a case to what an assertion in it says. */
export function named<T>(name: string, run: () => T): T {
  try {
    return run();
  } catch (e) {
    if (e instanceof Error) e.message = `${name}: ${e.message}`;
    throw e;
  }
}

/** Returns the kind of the Refusal that a function throws; anything else that it throws is passed on. */
export function refusal(run: () => unknown): RefusalKind | undefined {
  try {
    run();
  } catch (e) {
    if (e instanceof Refusal) return e.kind;
    throw e;
  }
  return undefined;
}

/** Decodes a member that is absent if it is the empty string. */
export const hex = (s: string | undefined): Uint8Array => decodeHex(s ?? "");

/** Decodes each of a list, which is absent if it is empty. */
export const hexes = (list: readonly string[] | undefined): Uint8Array[] => (list ?? []).map(hex);

/** Replaces `remove` bytes at `offset`, counted before any edit, by those of `insert`. */
export interface Edit {
  offset: number;
  remove?: number;
  insert?: string;
}

/** Applies the edits of a case to the response of the case that it is a copy of. */
export function applyEdits(b: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const e of edits) {
    assert.ok(e.offset >= at && e.offset + (e.remove ?? 0) <= b.length, "edits out of order");
    parts.push(b.subarray(at, e.offset), hex(e.insert));
    at = e.offset + (e.remove ?? 0);
  }
  return concat(...parts, b.subarray(at));
}

/** The members of a case of an operation that every operation has. */
export interface OperationCase {
  name: string;
  log: string;
  request: string;
  response?: string;
  of?: string;
  edits?: Edit[];
  expect: { refusal?: RefusalKind };
}

/** A case of an operation that is no copy of another any more. */
export type Resolved<C extends OperationCase> = Omit<C, "of" | "edits" | "response"> & {
  response: Uint8Array;
};

/**
 * Reads the cases of an operation, with what those that are copies of others have from them. What
 * comes out is what a client receives.
 */
export function readOperation<C extends OperationCase>(name: string): VectorFile<Resolved<C>> {
  const file = readVectors<C>(name);
  const byName = new Map<string, Resolved<C>>();
  const cases = file.cases.map((c) => {
    const { of, edits, response, ...own } = c;
    const base = of === undefined ? undefined : byName.get(of);
    assert.equal(base === undefined, of === undefined, `${c.name}: the case that it is a copy of is missing`);
    const bytes =
      base !== undefined && response === undefined ? applyEdits(base.response, edits ?? []) : hex(response);
    const resolved = { ...base, ...own, response: bytes } as unknown as Resolved<C>;
    byName.set(c.name, resolved);
    return resolved;
  });
  return { cases, logs: file.logs };
}

/** The members of a case about a credential that the structures in it follow from. */
export interface CredentialCase {
  name: string;
  log: string;
  credential: string;
  credential_update?: string;
  of?: string;
  edits?: Edit[];
  credential_update_edits?: Edit[];
  expect: { refusal?: RefusalKind };
}

/** A case about a credential that is no copy of another any more. */
export type ResolvedCredential<C extends CredentialCase> = Omit<
  C,
  "of" | "edits" | "credential_update_edits" | "credential" | "credential_update"
> & { credential: Uint8Array; update: Uint8Array };

/** Reads the cases about credentials, with what those that are copies of others have from them. */
export function readCredentials<C extends CredentialCase>(): VectorFile<ResolvedCredential<C>> {
  const file = readVectors<C>("credential");
  const byName = new Map<string, ResolvedCredential<C>>();
  const cases = file.cases.map((c) => {
    const { of, edits, credential_update_edits: updateEdits, credential, credential_update, ...own } = c;
    const base = of === undefined ? undefined : byName.get(of);
    assert.equal(base === undefined, of === undefined, `${c.name}: the case that it is a copy of is missing`);
    const bytes =
      base === undefined
        ? { credential: hex(credential), update: hex(credential_update) }
        : {
            credential: applyEdits(base.credential, edits ?? []),
            update: applyEdits(base.update, updateEdits ?? []),
          };
    const resolved = { ...base, ...own, ...bytes } as unknown as ResolvedCredential<C>;
    byName.set(c.name, resolved);
    return resolved;
  });
  return { cases, logs: file.logs };
}
