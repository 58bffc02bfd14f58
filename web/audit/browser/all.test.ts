// One process runs all tests, so that they share a world and a browser.
import { shareWorld } from "./shared.js";

shareWorld();
await import("./checks.test.js");
await import("./pages.test.js");
await import("./trouble.test.js");
await import("./weight.test.js");
await import("./lookup.test.js");
await import("./history.test.js");
await import("./roster.test.js");
await import("./words.test.js");
await import("./digits.test.js");
await import("./compare.test.js");
await import("./verify.test.js");
await import("./drop.test.js");
await import("./monitorstatus.test.js");
await import("./monitors.test.js");
await import("./logpages.test.js");
await import("./policy.test.js");
await import("./credentials.test.js");
