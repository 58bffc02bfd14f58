export * from "./format.js";
export { compareKeys, encodeKeySet, findExtension, type Extension, type Key, type KeySet } from "./keyset.js";
export * from "./parse.js";
export * from "./description.js";
export * from "./describe.js";
export * from "./diff.js";
export { KeyRefusal } from "./facts.js";
export { checkKey, fingerprint } from "./inspect.js";
