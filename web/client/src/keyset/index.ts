export * from "./format.js";
export { compareKeys, encodeKeySet, findExtension, type Extension, type Key, type KeySet } from "./keyset.js";
export * from "./parse.js";
export * from "./description.js";
export * from "./diff.js";
