export * from "./core.js";
export * from "./client.js";
export * from "./results.js";
export * from "./failure.js";
export * from "./verdict.js";
export type { NetworkError, Problem, ResponseError } from "./problem.js";
export * from "./label.js";
