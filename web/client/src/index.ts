export * from "./errors.js";
export * from "./verdict.js";
export * from "./failure.js";
export * from "./results.js";
export * from "./state/store.js";
export * from "./client.js";
