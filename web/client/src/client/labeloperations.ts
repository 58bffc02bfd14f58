// What a Client does with labels, and with what others hand over: one part of the program, which
// is loaded with the first such operation.

export { verifyCredential } from "./credential.js";
export { compareHeads, exportHeads, heads } from "./heads.js";
export { history } from "./history.js";
export { lookup, lookupMany } from "./lookups.js";
export { accept, own } from "./own.js";
export { watch } from "./watch.js";
