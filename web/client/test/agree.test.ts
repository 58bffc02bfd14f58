import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { readVectors } from "./vectors.js";

const program = fileURLToPath(new URL("../agree/main.js", import.meta.url));

function answers(...lines: string[]): unknown[] {
  const { stdout, stderr, status } = spawnSync(process.execPath, [program], {
    input: lines.map((l) => l + "\n").join(""),
    encoding: "utf8",
  });
  assert.deepEqual([stderr, status], ["", 0]);
  return stdout
    .trimEnd()
    .split("\n")
    .map((l) => JSON.parse(l) as unknown);
}

test("the program answers each line with one line, whatever it is", () => {
  const { cases, logs } = readVectors<{ log: string; response: string; expect: object }>("search");
  const [c] = cases;
  assert.ok(c);
  const line = { ...c, operation: "search", configuration: logs[c.log] };
  const got = answers(
    JSON.stringify(line),
    JSON.stringify({ ...line, response: c.response + "00" }),
    JSON.stringify({ ...line, response: "no hexadecimal" }),
    JSON.stringify({ ...line, configuration: "" }),
    JSON.stringify({ ...line, state: { view: { tree_size: 3, subtrees: [], frontier: [] } } }),
    JSON.stringify({ ...line, operation: "toString" }),
    JSON.stringify({ ...line, operation: "owner-monitor" }),
    "null",
    "{",
    "",
    JSON.stringify(line),
  ) as { expect?: object; refusal?: string; error?: string }[];
  assert.deepEqual(got[0], { expect: c.expect });
  assert.deepEqual(got.at(-1), got[0]);
  assert.deepEqual(
    got.slice(1, -1).map((a) => a.refusal ?? (a.error === undefined ? "" : "error")),
    ["malformed", "malformed", "malformed", "error", "error", "error", "error", "error", "error"],
  );
});
