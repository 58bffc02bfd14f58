import { testVectors } from "./operationvectors.js";

testVectors("credential", { "": 18, malformed: 30, proof: 128, "not-recent": 30, signature: 26 });
