export * from "./errors.js";
export * from "./note.js";
export * from "./policy.js";
export * from "./checkpoint.js";
export * from "./rfc6962.js";
export * from "./tile.js";
export * from "./tiletree.js";
export * from "./tlogproof.js";
