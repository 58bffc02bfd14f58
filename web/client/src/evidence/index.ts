export { isPrivate, parseEvidence } from "./check.js";
export { type CredentialFile, credentialFileOf, maxCredentialSize } from "./credentialfile.js";
export * from "./format.js";
export { type HeadsFile, headsFileOf, maxHeadsSize, type PositionedRoot } from "./headsfile.js";
export * from "./identify.js";
export { rules } from "./proof.js";
export * from "./verify.js";
