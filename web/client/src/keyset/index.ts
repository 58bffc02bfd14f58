export * from "./format.js";
export * from "./keyset.js";
export * from "./description.js";
export * from "./diff.js";
