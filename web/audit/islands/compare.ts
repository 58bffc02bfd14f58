/** The page on which two people compare what they were shown. */
import { compareDigitsPart } from "./comparedigits.js";
import { compareHeadsPart } from "./compareheads.js";
import { compareKeysPart } from "./comparekeys.js";
import { el, place } from "./dom.js";
import style from "./files.css";
import { shownFailure, shownOf } from "./outcome.js";
import type { Page } from "./page.js";
import { sessionOf } from "./pagesession.js";
import { addStyle } from "./style.js";
import { showVerdict } from "./verdict.js";

export async function run(page: Page): Promise<void> {
  addStyle(style);
  const section = place("verdict");
  const open = sessionOf(page);
  const heads = el("div");
  const digits = new URLSearchParams(location.hash.slice(1)).get("digits") ?? undefined;
  const parts = [compareKeysPart(open), compareDigitsPart(page.base, digits)];
  place("compare").replaceChildren(heads, ...parts.map((part) => part.element));
  try {
    const { client } = await open();
    const own = await client.exportHeads();
    heads.replaceChildren(compareHeadsPart(client, own).element);
    const verified = "Your browser verified the log’s distinguished heads. Now compare them with somebody’s.";
    showVerdict(section, shownOf(own.verdict, { verified }));
  } catch (failure) {
    showVerdict(section, shownFailure(failure));
  }
}
