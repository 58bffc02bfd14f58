// What a Client needs from its first moment on, and what it does with the log as a whole: one
// part of the program, which is loaded when a directory is opened.

export { checkCheckpoint, consistency, entry } from "./checkpoints.js";
export { listEvidence } from "./evidence.js";
export { discard, openEnvironment } from "./open.js";
export { runOperation } from "./run.js";
export { cloneState } from "./state.js";
export { forgetDamage, isDamaged } from "./stored.js";
