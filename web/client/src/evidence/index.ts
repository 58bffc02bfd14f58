export { isPrivate, parseEvidence } from "./check.js";
export * from "./format.js";
export { rules } from "./proof.js";
export * from "./verify.js";
