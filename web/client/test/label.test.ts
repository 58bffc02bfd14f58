import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import fc from "fast-check";

import { Refusal } from "../src/errors.js";
import { normalizeLabel, utf8Size } from "../src/label.js";
import { labelWarnings, type LabelWarning } from "../src/labelwarnings.js";
import { skeleton } from "../src/skeleton.js";
import { maxLabelSize } from "../src/suite.js";

interface Vector {
  in: string;
  label?: string;
  skeleton: string;
  warnings?: LabelWarning[];
}

const file = new URL("../../../../client/label/testdata/vectors.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vector[];

/** The label of a name, or undefined if it is refused as it should be. */
function labelOf(name: string): string | undefined {
  try {
    return normalizeLabel(name);
  } catch (err) {
    assert.ok(err instanceof Refusal && err.kind === "malformed", String(err));
    return undefined;
  }
}

test("labels are spelled as Go spells them", () => {
  let labels = 0;
  for (const v of vectors) {
    assert.equal(labelOf(v.in), v.label, JSON.stringify(v.in));
    if (v.label !== undefined) labels++;
  }
  assert.ok(labels > 1500 && vectors.length - labels > 150, `${labels} of ${vectors.length}`);
});

test("look-alikes have the skeletons and warnings that Go gives them", () => {
  const kinds = new Map<string, number>();
  for (const v of vectors) {
    assert.equal(skeleton(v.in), v.skeleton, JSON.stringify(v.in));
    assert.deepEqual(labelWarnings(v.in), v.warnings ?? [], JSON.stringify(v.in));
    for (const w of v.warnings ?? []) kinds.set(w.kind, (kinds.get(w.kind) ?? 0) + 1);
  }
  for (const kind of ["invisible", "looks-ascii", "mixed-scripts", "mixed-digits"]) {
    assert.ok((kinds.get(kind) ?? 0) >= 5, `${kind}: ${kinds.get(kind)}`);
  }
});

test("hyphens are not the third and fourth character, as UTS 46 counts", () => {
  // Go's package idna counts octets.
  assert.equal(labelOf("x@\u00fca--b.c"), undefined);
  assert.equal(labelOf("x@\u00fc--b.c"), "x@\u00fc--b.c");
});

test("half a surrogate pair makes no label, and no exception elsewhere", () => {
  for (const s of ["\ud800", "a\udc00", "\udc00\ud800", "a@\ud800.example", "\ud83d@x.example"]) {
    assert.equal(labelOf(s), undefined);
    assert.equal(typeof skeleton(s), "string");
    assert.equal(labelWarnings(s)[0]?.kind, "invisible");
  }
  assert.equal(labelOf("\ud83d\ude00"), "\u{1f600}");
});

test("a normalized label stays as it is, whatever the text was", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.string({ unit: "grapheme", maxLength: 40 }),
    fc
      .tuple(fc.string({ unit: "grapheme", maxLength: 8 }), fc.string({ unit: "binary", maxLength: 8 }))
      .map((p) => p.join("@") + ".Xn--a"),
  );
  let labels = 0;
  fc.assert(
    fc.property(text, (s) => {
      const label = labelOf(s);
      if (label === undefined) return;
      labels++;
      assert.equal(labelOf(label), label);
      assert.ok(label !== "" && utf8Size(label) <= maxLabelSize);
      assert.equal(skeleton(skeleton(label)), skeleton(label));
      labelWarnings(label);
    }),
    { numRuns: 2000 },
  );
  assert.ok(labels > 500, String(labels));
});
