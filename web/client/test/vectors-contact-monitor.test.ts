import { testVectors } from "./operationvectors.js";

testVectors("contact-monitor", {
  "": 24,
  proof: 164,
  signature: 30,
  malformed: 49,
  time: 14,
  misbehaviour: 12,
  auditor: 9,
});
