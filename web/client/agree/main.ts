// Verifies responses that come on standard input, one JSON object a line:
//
//   {"operation": "search", "configuration": HEX, "state": {...}, "request": HEX, "response": HEX, "clock": MS}
//   {"operation": "credential", "configuration": HEX, "recent": [...], "later": [...],
//    "credential": HEX, "credential_update": HEX}
//
// in the format of the project's test vectors. For each it writes one line to standard output:
// {"expect": {...}} if the response is accepted, {"refusal": KIND, "message": TEXT} if not, and
// {"error": TEXT} for anything else: a line that is not a case, or a fault of the verifier.
import { createInterface } from "node:readline";

import { Refusal } from "../src/index.js";
import { prepare, type OperationCase } from "./operations.js";

function answer(line: string): object {
  try {
    const c = JSON.parse(line) as OperationCase & { operation: string };
    return { expect: prepare(c.operation, c).verify() };
  } catch (e) {
    if (e instanceof Refusal) return { refusal: e.kind, message: e.message };
    return { error: String(e) };
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (!process.stdout.write(JSON.stringify(answer(line)) + "\n")) {
    await new Promise((resume) => process.stdout.once("drain", resume));
  }
}
