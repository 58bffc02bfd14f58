import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compareDigits, digitsIn, digitsWords, groupsOf, type DigitsComparison } from "../islands/digits.js";
import { exportOf, readHeads } from "../islands/headspaste.js";

const own = "012345678911111222223333344444555556666677777888889999900000";
const grouped = groupsOf(own).join(" ");

/** Replaces a group, counted from 1. */
function withGroup(n: number, text: string): string {
  return groupsOf(own)
    .map((group, i) => (i === n - 1 ? text : group))
    .join(" ");
}

describe("digits", () => {
  const cases: readonly [what: string, typed: string, DigitsComparison][] = [
    ["as printed", grouped, { kind: "same" }],
    ["without groups", own, { kind: "same" }],
    ["other separators", groupsOf(own, 4).join(" - "), { kind: "same" }],
    ["lines, dots and no-break spaces", groupsOf(own).join(".\n\u00a0"), { kind: "same" }],
    ["zero-width characters", groupsOf(own).join("\u200b"), { kind: "same" }],
    ["a QR code's text", `GHOSTLIGHT-ROSTER:1:${own}`, { kind: "same" }],
    [
      "the JSON of kt",
      JSON.stringify({ schema: "ghostlight/roster-digest/v1", digest: own }),
      { kind: "same" },
    ],
    [
      "full-width digits",
      own.replace(/\d/g, (d) => String.fromCodePoint(0xff10 + Number(d))),
      { kind: "same" },
    ],
    ["Arabic digits", own.replace(/\d/g, (d) => String.fromCodePoint(0x0660 + Number(d))), { kind: "same" }],
    ["nothing", " \n", { kind: "empty" }],
    ["a letter", grouped.replace("0", "O"), { kind: "foreign", character: "O" }],
    ["the beginning", own.slice(0, 12), { kind: "unfinished", missing: 48, group: 3 }],
    ["all but one", own.slice(0, 59), { kind: "unfinished", missing: 1, group: 12 }],
    ["a digit left out", withGroup(2, "5678"), { kind: "slip", missing: 1, group: 2 }],
    ["a group left out", withGroup(2, ""), { kind: "slip", missing: 5, group: 2 }],
    ["a digit twice", withGroup(1, "012334"), { kind: "slip", missing: -1, group: 1 }],
    ["too many at the end", own + "1", { kind: "slip", missing: -1, group: 12 }],
    ["neighbours swapped", withGroup(1, "01324"), { kind: "swapped", group: 1 }],
    ["one group", withGroup(4, "99999"), { kind: "different", groups: [4] }],
    ["two groups", withGroup(4, "99999").replace(/0{5}$/, "12345"), { kind: "different", groups: [4, 12] }],
    ["other digits, and fewer", "9".repeat(40), { kind: "length", digits: 40, group: 1 }],
    ["10 MB", "1".repeat(1e7), { kind: "length", digits: 1e7, group: 1 }],
  ];
  for (const [what, typed, want] of cases) {
    test(what, () => {
      const got = compareDigits(own, typed);
      assert.deepEqual(got, want);
      const words = digitsWords(got, own);
      assert.ok(words.endsWith(".") && words.length < 200, words);
      if ("group" in got) assert.match(words, new RegExp(`the ${got.group}(st|nd|rd|th) group`, "i"));
    });
  }

  test("every change of one digit is seen", () => {
    for (let i = 0; i < own.length; i++) {
      const typed = own.slice(0, i) + String((Number(own[i]) + 1) % 10) + own.slice(i + 1);
      assert.notEqual(compareDigits(own, typed).kind, "same", `digit ${i}`);
    }
  });

  test("what is no digit stays in", () => assert.equal(digitsIn("12 3a"), "123a"));
});

describe("pasted heads", () => {
  const root = "ab".repeat(32);
  const line = (n: number) => `log entry ${n} of 2026-11-26T15:00:00Z, root ${root}`;

  test("the lines of kt heads, also broken by a messenger", () => {
    const heads = [3, 7].map((position) => ({ position, root }));
    const broken = [3, 7].map((n) => line(n).replace(/(.{70})/, "$1\n  ")).join("\n");
    assert.deepEqual(readHeads([3, 7].map(line).join("\n")), { kind: "printed", heads });
    assert.deepEqual(readHeads(broken), { kind: "printed", heads });
  });

  test("a root by itself, in groups", () => {
    assert.deepEqual(readHeads(groupsOf(root.toUpperCase(), 8).join(" ")), { kind: "root", root });
  });

  test("exports stay as they are", () => {
    for (const text of [
      "GHOSTLIGHT-HEADS-1:ABC",
      "ghostlight-\nheads-1:abc",
      '{"format":"ghostlight-heads"}',
    ]) {
      assert.deepEqual(readHeads(text), { kind: "export", text });
    }
  });

  test("nothing and everything else", () => {
    assert.deepEqual(readHeads(" \n"), { kind: "empty" });
    for (const text of ["hello", root + "ab", root.slice(2), line(3).slice(0, -1)])
      assert.equal(readHeads(text).kind, "unknown", text);
  });

  test("printed heads become an export in the order of positions", () => {
    const text = exportOf(
      [
        { position: 7, root },
        { position: 3, root },
      ],
      "https://keys.example.org",
      "00",
    );
    const { heads } = JSON.parse(text) as { heads: { position: number }[] };
    assert.deepEqual(
      heads.map((h) => h.position),
      [3, 7],
    );
  });
});
