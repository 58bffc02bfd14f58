export * from "./state.js";
export * from "./key.js";
export * from "./statement.js";
export { bodyOf, foreignVersion, missingVersion, readVersion, type Version } from "./read.js";
export * from "./follow.js";
export * from "./attestation.js";
