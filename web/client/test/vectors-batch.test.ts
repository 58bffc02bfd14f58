import { testVectors } from "./operationvectors.js";

testVectors("batch", { "": 18, proof: 195, signature: 58, malformed: 61, time: 12, auditor: 9 });
