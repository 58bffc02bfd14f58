// Everything that a program with a Client loads sooner or later, but for what is listed in
// web/audit/internal/bundle as a part of its own. It is bundled to be measured, and never run.

export { Client, openStore, verdictOf } from "../src/index.js";
