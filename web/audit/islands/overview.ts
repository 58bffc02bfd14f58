/** The overview: the checkpoint, held against the last visit's, and charts to zoom into. */
import { enhanceCharts } from "./chart.js";
import { place } from "./dom.js";
import { shownFailure, shownOf } from "./outcome.js";
import type { Page } from "./page.js";
import { describePolicy } from "./policywords.js";
import { showVerdict } from "./verdict.js";
import { openSession } from "./view.js";

export async function run(page: Page): Promise<void> {
  enhanceCharts();
  const section = place("verdict");
  let asking: Promise<void> | undefined;
  try {
    const { client, view } = await openSession(page);
    asking = import("./monitorlines.js").then(
      ({ fillMonitorLines }) => fillMonitorLines(view),
      () => undefined,
    );
    const { verdict, before, quorum } = await client.checkCheckpoint();
    const seen = quorum === "none" ? "the log’s state is signed" : "a quorum of witnesses saw this log";
    const kept = before ? ", and it continues the one of your last visit" : "";
    const headline = { verified: `Your browser verified that ${seen}${kept}.` };
    showVerdict(section, shownOf(verdict, headline, [describePolicy(view, quorum, !before)]));
  } catch (failure) {
    showVerdict(section, shownFailure(failure));
  }
  await asking;
}
