import { testVectors } from "./operationvectors.js";

testVectors("owner-init", {
  "": 18,
  proof: 187,
  signature: 44,
  malformed: 46,
  time: 12,
  start: 13,
  auditor: 9,
});
