// Labels that deceive the eye, by Unicode Technical Standard 39 (docs/labels.md,
// "Look-alikes"). A sub-path of its own, because of its table: what needs no warnings does
// not load it.

export { skeleton } from "./skeleton.js";
export { labelWarnings, type LabelWarning, type LabelWarningKind } from "./labelwarnings.js";
