import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import fc from "fast-check";

import { identify, parseEvidence, verifyEvidence, type Evidence } from "../src/evidence/index.js";
import { decodeHex, encodeHex, encodeUtf8, Refusal } from "../src/index.js";

function read(path: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8"));
}

interface FileCase {
  name: string;
  file: string;
  kind: string;
  refused?: boolean;
  heads?: { position: number; root: string }[];
}

test("files of heads, of credentials and of updates", () => {
  const cases = read("client/testdata/files.json") as FileCase[];
  for (const c of cases) {
    const got = identify(encodeUtf8(c.file));
    if (c.refused) {
      assert.ok(got.kind === "damaged" && got.as === c.kind, `${c.name}: ${got.kind}`);
      continue;
    }
    assert.equal(got.kind, c.kind, c.name);
    if (got.kind === "heads") {
      const heads = got.heads.heads.map((h) => ({ position: h.position, root: encodeHex(h.root) }));
      assert.deepEqual(heads, c.heads, c.name);
      assert.equal(got.heads.tag === undefined, got.heads.configurationSha256 !== "");
    }
  }
  assert.ok(cases.filter((c) => !c.refused).length > 10);
});

interface EvidenceCase {
  name: string;
  file?: string;
  expect: { outcome: string };
}

const evidenceCases = (read("testdata/vectors/evidence.json") as { cases: EvidenceCase[] }).cases.filter(
  (c) => c.file !== undefined,
);

test("files of evidence", () => {
  for (const c of evidenceCases) {
    const got = identify(encodeUtf8(c.file ?? ""));
    if (c.expect.outcome !== "malformed") assert.equal(got.kind, "evidence", c.name);
    else if (c.file?.includes('"ghostlight/evidence/v1"') && got.kind !== "unknown") {
      assert.ok(got.kind === "damaged" && got.as === "evidence", c.name);
    }
  }
});

test("files of tlog-proofs", () => {
  const { cases } = read("testdata/vectors/tlog-proof.json") as {
    cases: { proof: string; hashes?: string[]; index?: number; refusal?: string }[];
  };
  for (const c of cases) {
    const got = identify(decodeHex(c.proof));
    const isWhole = c.refusal !== "malformed" || c.index !== undefined;
    assert.ok(isWhole ? got.kind === "tlog-proof" : got.kind === "damaged" || got.kind === "unknown");
  }
});

test("other files", () => {
  for (const file of [
    "",
    "hello",
    "{",
    "{}",
    "[]",
    "null",
    "3",
    '{"format":"x"}',
    '{"schema":3}',
    "\ufeff{}",
  ]) {
    assert.equal(identify(encodeUtf8(file)).kind, "unknown", file);
  }
  assert.equal(identify(Uint8Array.of(0xff, 0xfe)).kind, "unknown");
  // It must not take long, nor fill the stack.
  assert.equal(identify(encodeUtf8("[".repeat(1 << 20))).kind, "unknown");
  assert.equal(identify(encodeUtf8("[".repeat(1 << 17) + "]".repeat(1 << 17))).kind, "unknown");
  assert.equal(identify(encodeUtf8(`"${"x".repeat(10 << 20)}"`)).kind, "unknown");
  const deep = `{"schema":"ghostlight/evidence/v1","retained_contact":${"[".repeat(1 << 17)}${"]".repeat(1 << 17)}}`;
  assert.equal(identify(encodeUtf8(deep)).kind, "damaged");
});

test("whatever a file is, it is identified", () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.json().map(encodeUtf8)), (file) => {
      const got = identify(file);
      assert.ok(got.kind === "unknown" || got.kind === "damaged");
    }),
  );
});

/** Returns what evidence turns out to be; undefined if it is malformed. */
function verify(file: string): { outcome: string; e: Evidence } | undefined {
  let e: Evidence;
  try {
    e = parseEvidence(encodeUtf8(file));
  } catch (err) {
    assert.ok(err instanceof Refusal && err.kind === "malformed", `${err}`);
    return undefined;
  }
  return { outcome: verifyEvidence(e).outcome, e };
}

/** A change of JSON's text: characters replaced by others that are JSON's, or base64's. */
const edits = fc.array(fc.record({ at: fc.nat(), to: fc.constantFrom(..."AQgw/019{}[],:\"'") }), {
  minLength: 1,
  maxLength: 3,
});

function edited(file: string, changes: { at: number; to: string }[]): string {
  const out = [...file];
  for (const c of changes) out[c.at % out.length] = c.to;
  return out.join("");
}

test("what does not prove anything does not when it is changed", () => {
  const innocent = evidenceCases.filter(
    (c) => c.expect.outcome === "not-proof" && c.name.includes("innocent"),
  );
  fc.assert(
    fc.property(fc.constantFrom(...innocent), edits, (c, changes) => {
      const got = verify(edited(c.file ?? "", changes));
      assert.notEqual(got?.outcome, "proven", c.name);
    }),
    { numRuns: 400 },
  );
});

test("what is proven accuses nobody else when it is changed", () => {
  const guilty = evidenceCases.filter(
    (c) => c.expect.outcome === "proven" && c.name.startsWith("KT_128_SHA256_Ed25519"),
  );
  assert.ok(guilty.length > 0);
  fc.assert(
    fc.property(fc.constantFrom(...guilty), edits, (c, changes) => {
      const before = parseEvidence(encodeUtf8(c.file ?? ""));
      const got = verify(edited(c.file ?? "", changes));
      if (got?.outcome !== "proven") return;
      // No signature covers the Configuration in evidence of this kind.
      if (before.kind === "prefix-tree") return;
      assert.deepEqual(got.e.configuration, before.configuration, c.name);
      assert.equal(got.e.log, before.log, c.name);
    }),
    { numRuns: 400 },
  );
});
