import { testVectors } from "./operationvectors.js";

testVectors("owner-monitor", {
  "": 25,
  proof: 138,
  signature: 42,
  malformed: 45,
  time: 14,
  misbehaviour: 12,
  auditor: 9,
});
