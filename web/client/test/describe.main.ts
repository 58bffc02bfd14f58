// Describes keys for a Go test that compares (client/keyset/typescript_test.go): reads a key in
// JSON a line, and writes what checkKey says of it and its description, in a line of JSON.

import { createInterface } from "node:readline";

import { decodeHex } from "../src/bytes.js";
import { Refusal } from "../src/errors.js";
import { checkKey, describeKey, KeyRefusal, type Key } from "../src/keyset/index.js";

interface Line {
  format: number;
  data: string;
  name: string;
  attributes: { type: number; data: string }[];
}

function checked(key: Key): string {
  try {
    checkKey(key);
    return "";
  } catch (e) {
    if (e instanceof KeyRefusal) return e.reason;
    return e instanceof Refusal ? "malformed" : `a ${String(e)}`;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { format, data, name, attributes } = JSON.parse(line) as Line;
  const key = {
    format,
    data: decodeHex(data),
    name,
    attributes: attributes.map((a) => ({ type: a.type, data: decodeHex(a.data) })),
  };
  console.log(JSON.stringify({ check: checked(key), description: describeKey(key) }));
}
