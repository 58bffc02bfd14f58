export * from "./roster.js";
export { parseRoster } from "./parse.js";
export { encodeRoster } from "./encode.js";
export * from "./history.js";
export * from "./report.js";
export { compareFindings, judgeRoster, type JudgeOptions, type Judgement } from "./judge.js";
export { defaultWindow, sinceOf, skew } from "./subject.js";
export * from "./digest.js";
export { checkRoster, defaultHistory, type CheckOptions, type RosterResult } from "./check.js";
