import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { isPrivate, parseEvidence, verifyEvidence, type Expected } from "../src/evidence/index.js";
import { concat, decodeHex, encodeUtf8, Refusal } from "../src/index.js";

interface Edit {
  offset: number;
  remove: number;
  insert: string;
}

interface EvidenceCase {
  name: string;
  of?: string;
  file?: string;
  edits?: Edit[];
  expected_configuration?: string;
  expected_logs?: string[];
  expect: Expect;
}

interface Expect {
  outcome: string;
  kind?: string;
  rule?: string;
  configuration_sha256?: string;
  log?: string;
  private?: boolean;
}

function apply(data: Uint8Array, edits: Edit[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let done = 0;
  for (const e of edits) {
    parts.push(data.subarray(done, e.offset), decodeHex(e.insert));
    done = e.offset + e.remove;
  }
  return concat(...parts, data.subarray(done));
}

const cases = (() => {
  const path = new URL("../../../../testdata/vectors/evidence.json", import.meta.url);
  const all = (JSON.parse(readFileSync(path, "utf8")) as { cases: EvidenceCase[] }).cases;
  const files = new Map<string, Uint8Array>();
  return all.map((c) => {
    const base = files.get(c.of ?? "");
    const file = base === undefined ? encodeUtf8(c.file ?? "") : apply(base, c.edits ?? []);
    files.set(c.name, file);
    return { ...c, bytes: file };
  });
})();

function outcomeOf(file: Uint8Array, expected: Expected): Expect {
  let e;
  try {
    e = parseEvidence(file);
  } catch (err) {
    assert.ok(err instanceof Refusal && err.kind === "malformed", `${err}`);
    return { outcome: "malformed" };
  }
  const v = verifyEvidence(e, expected);
  const out: Expect = { outcome: v.outcome, private: isPrivate(e) };
  if (v.outcome !== "proven") return out;
  const { kind, rule, configurationSha256, log } = v.proof;
  return {
    ...out,
    kind,
    rule,
    ...(configurationSha256 !== undefined && { configuration_sha256: configurationSha256 }),
    ...(log !== undefined && { log }),
  };
}

test("evidence vectors", () => {
  const count = new Map<string, number>();
  for (const c of cases) {
    const got = outcomeOf(c.bytes, {
      ...(c.expected_configuration !== undefined && { configuration: decodeHex(c.expected_configuration) }),
      ...(c.expected_logs !== undefined && { logs: c.expected_logs }),
    });
    assert.deepEqual(got, c.expect, c.name);
    count.set(got.outcome, (count.get(got.outcome) ?? 0) + 1);
  }
  assert.equal(count.size, 6);
});
