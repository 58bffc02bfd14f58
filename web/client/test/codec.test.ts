import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import * as kt from "../src/index.js";
import { hex, refusal } from "./vectors.js";

test("integers round-trip, big-endian", () => {
  const w = new kt.Writer()
    .u8(0x01)
    .u16(0x0203)
    .u32(0x04050607)
    .u64(2 ** 53 - 1);
  assert.deepEqual(w.bytes(), hex("01020304050607001fffffffffffff"));
  kt.parse(w.bytes(), (r) => {
    assert.deepEqual([r.u8(""), r.u16(""), r.u32(""), r.u64("")], [1, 0x203, 0x4050607, 2 ** 53 - 1]);
  });
});

test("a uint64 above 2^53-1 is malformed", () => {
  for (const b of ["0020000000000000", "8000000000000000", "ffffffffffffffff"]) {
    assert.equal(
      refusal(() => kt.parse(hex(b), (r) => r.u64("size"))),
      "malformed",
    );
  }
});

test("values that do not fit are the caller's mistakes", () => {
  const wide = new Uint8Array(256);
  for (const broken of [
    (w: kt.Writer) => w.u8(256),
    (w: kt.Writer) => w.u16(65536),
    (w: kt.Writer) => w.u32(2 ** 32),
    (w: kt.Writer) => w.u64(2 ** 53),
    (w: kt.Writer) => w.u64(-1),
    (w: kt.Writer) => w.u32(1.5),
    (w: kt.Writer) => w.u32(Number.NaN),
    (w: kt.Writer) => w.opaque(1, wide),
    (w: kt.Writer) => w.hashes(1, new Array<Uint8Array>(256).fill(wide.subarray(0, 32))),
    (w: kt.Writer) => w.hash(wide),
    (w: kt.Writer) => w.fixed(wide, 255),
  ]) {
    assert.throws(() => broken(new kt.Writer()), RangeError);
  }
});

test("lengths are checked before anything is allocated for them", () => {
  const reads: [string, (r: kt.Reader) => unknown][] = [
    ["ffffffff00", (r) => r.opaque(4, "value")],
    ["ffff", (r) => r.hashes(2, "elements")],
    ["ffff" + "00".repeat(2000), (r) => r.vector(2, 1, "list", () => assert.fail("an element is read"))],
    ["01", (r) => r.vector(1, 2, "list", () => r.u8("list"))],
    ["02" + "00".repeat(63), (r) => r.hashes(1, "elements")],
    ["", (r) => r.u8("octet")],
    ["000000", (r) => r.u32("number")],
    ["0000", (r) => r.u8("octet")],
    ["02", (r) => r.optional32("version")],
    ["ff", (r) => r.optional64("last")],
    ["01000000", (r) => r.optional32("version")],
  ];
  for (const [b, read] of reads) {
    assert.equal(
      refusal(() => kt.parse(hex(b), read)),
      "malformed",
      b,
    );
  }
});

test("what is read shares no memory with the encoding, and may lie anywhere in its buffer", () => {
  const buffer = hex("ff05aabbccddeeff");
  const b = buffer.subarray(1, 7);
  const v = kt.parse(b, (r) => r.opaque(1, "value"));
  assert.equal(v.buffer === b.buffer, false);
  b.fill(0);
  assert.deepEqual(v, hex("aabbccddee"));
});

test("hexadecimal and base64 round-trip", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (b) => {
      assert.deepEqual(kt.decodeHex(kt.encodeHex(b)), b);
      assert.equal(kt.encodeHex(b), Buffer.from(b).toString("hex"));
      assert.deepEqual(kt.decodeBase64(kt.encodeBase64(b)), b);
      assert.equal(kt.encodeBase64(b), Buffer.from(b).toString("base64"));
    }),
  );
});

test("what is not the text that an encoder writes is malformed", () => {
  for (const s of ["0", "0g", "0x00", " 00", "00 ", "０0"]) {
    assert.equal(
      refusal(() => kt.decodeHex(s)),
      "malformed",
      s,
    );
  }
  for (const s of [
    "A",
    "AA",
    "AAA",
    "AA=",
    "AB==",
    "AAB=",
    "AA==\n",
    " AAAA",
    "AA A",
    "====",
    "AA--",
    "AA==AAAA",
  ]) {
    assert.equal(
      refusal(() => kt.decodeBase64(s)),
      "malformed",
      s,
    );
  }
  for (const b of ["ff", "c0af", "eda080", "f4908080", "e282"]) {
    assert.equal(
      refusal(() => kt.decodeUtf8(hex(b))),
      "malformed",
      b,
    );
  }
  assert.equal(kt.decodeUtf8(hex("efbbbf61")), "\ufeffa");
});

test("UTF-8 round-trips, byte strings are ordered as in a dictionary", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (s) => {
      if (!/\p{Surrogate}/u.test(s)) assert.equal(kt.decodeUtf8(kt.encodeUtf8(s)), s);
    }),
  );
  const some = fc.uint8Array({ max: 3, maxLength: 4 });
  fc.assert(
    fc.property(some, some, (a, b) => {
      assert.equal(Math.sign(kt.compareBytes(a, b)), Buffer.compare(a, b));
      assert.equal(kt.equalBytes(a, b), Buffer.compare(a, b) === 0);
      assert.deepEqual(kt.concat(a, b), new Uint8Array(Buffer.concat([a, b])));
    }),
  );
});
