import { testVectors } from "./operationvectors.js";

testVectors("update", {
  "": 30,
  proof: 271,
  signature: 71,
  malformed: 56,
  time: 16,
  "unexpected-version": 6,
  misbehaviour: 6,
  auditor: 9,
});
