import { testVectors } from "./operationvectors.js";

testVectors("distinguished", {
  "": 18,
  proof: 78,
  signature: 31,
  malformed: 30,
  time: 12,
  misbehaviour: 12,
  auditor: 9,
});
