import { testVectors } from "./operationvectors.js";

testVectors("search", {
  "": 36,
  proof: 291,
  signature: 73,
  malformed: 71,
  time: 18,
  "no-version": 12,
  expired: 6,
  misbehaviour: 2,
  auditor: 9,
});
