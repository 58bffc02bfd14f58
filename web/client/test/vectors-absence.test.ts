import { testVectors } from "./operationvectors.js";

testVectors("absence", { "": 18, proof: 195, signature: 46, malformed: 46, time: 12, auditor: 9 });
