/** The log's page: the checkpoint that its entries are under. Each entry's own page verifies it. */
import { el, place } from "./dom.js";
import { shownFailure, shownOf } from "./outcome.js";
import type { Page } from "./page.js";
import { showVerdict } from "./verdict.js";
import { openSession } from "./view.js";

export async function run(page: Page): Promise<void> {
  const section = place("verdict");
  try {
    const { client } = await openSession(page);
    const { verdict } = await client.checkCheckpoint();
    const shown = shownOf(verdict, { verified: "Your browser verified the log’s checkpoint." });
    const more =
      "The list is what the server says. Open an entry, and your browser verifies that it is in the log.";
    showVerdict(section, { ...shown, more: [el("p", {}, more)] });
  } catch (failure) {
    showVerdict(section, shownFailure(failure));
  }
}
