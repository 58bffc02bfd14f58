/** The roster page: who is in a conversation that should not be. */
import { encodeUtf8, Refusal } from "@ghostlight/client";
import type { Roster, RosterResult } from "@ghostlight/client/roster";
import { button, code, el, foreign, place, type Child } from "./dom.js";
import { download } from "./download.js";
import { describeFindings, describeMembers, evidenceOffer } from "./findings.js";
import { sentence, shownOf } from "./outcome.js";
import type { Page } from "./page.js";
import { sessionOf, shownTrouble, type Open } from "./pagesession.js";
import { qrCode } from "./qr.js";
import { NoRoster, rosterForm } from "./rosterform.js";
import { showVerdict, type Shown } from "./verdict.js";
import { working } from "./work.js";

/** The page, and what its parts need. */
interface RosterPage {
  readonly verdict: HTMLElement;
  readonly result: HTMLElement;
  readonly open: Open;
  busy: boolean;
}

export function run(page: Page): void {
  const verdict = place("verdict");
  verdict.hidden = true;
  verdict.tabIndex = -1;
  const result = el("div", { id: "result" });
  const r: RosterPage = { verdict, result, open: sessionOf(page), busy: false };
  const form = rosterForm({ take: (text) => void check(r, text), refuse: (error) => refuse(r, error) });
  place("roster").replaceChildren(result, form);
}

/** Says why there is nothing to check. */
function refuse(r: RosterPage, error: unknown): void {
  if (!r.busy) r.result.replaceChildren();
  reveal(r, shownRefusal(error));
}

function shownRefusal(error: unknown): Shown {
  if (error instanceof NoRoster || error instanceof Refusal) {
    const headline = "This is no roster that can be checked.";
    return { badge: "unchecked", headline, reason: sentence(error.message), checkedBy: [] };
  }
  return shownTrouble(error);
}

function reveal(r: RosterPage, shown: Shown): void {
  r.verdict.hidden = false;
  showVerdict(r.verdict, shown);
  r.verdict.focus();
}

/** Checks a roster, and shows what is found. */
async function check(r: RosterPage, text: string): Promise<void> {
  if (r.busy) return;
  r.busy = true;
  r.verdict.hidden = true;
  r.result.replaceChildren();
  try {
    const { checkRoster, parseRoster } = await import("@ghostlight/client/roster");
    const roster = parseRoster(encodeUtf8(text));
    const what = "Asking the directory for everybody, and verifying what it answers.";
    const found = await working(r.result, what, async (options) =>
      checkRoster((await r.open()).client, roster, options),
    );
    r.result.replaceChildren(...(await describe(roster, found)));
    reveal(r, shownRoster(found));
  } catch (error) {
    refuse(r, error);
  } finally {
    r.busy = false;
  }
}

function shownRoster(found: RosterResult): Shown {
  const evidence = [...found.evidence.values()].map((file) => file && evidenceOffer(file));
  const headlines = {
    verified: "Nobody and nothing is in this conversation that the directory does not prove.",
    monitored: "Nothing in this conversation contradicts the directory, and your browser goes on watching.",
    changed: "There is something in this conversation that you should look at.",
    unchecked: "Not everything in this conversation could be checked.",
  };
  const shown = shownOf(found.verdict, headlines, evidence);
  // That members are proven absent is no good news for a conversation.
  if (found.verdict.outcome !== "proven absent") return shown;
  return {
    ...shown,
    badge: "changed",
    headline: "There is somebody in this conversation whom the directory does not know.",
  };
}

async function describe(roster: Roster, found: RosterResult): Promise<HTMLElement[]> {
  const now = Date.now();
  const report = JSON.stringify(found.report, undefined, 2) + "\n";
  return [
    el(
      "section",
      { class: "answer" },
      el(
        "h2",
        { class: "subject" },
        roster.conversation === "" ? "The conversation" : foreign(roster.conversation),
      ),
      ...describeFindings(found.report, found.evidence, now),
      el("h3", {}, "Everybody"),
      describeMembers(roster, found.report),
      ...(await describeDigest(found)),
      el(
        "p",
        { class: "answer-actions" },
        download("Save the report", "roster-report.json", report, "application/json"),
      ),
    ),
  ];
}

/** What members compare with each other. */
async function describeDigest(found: RosterResult): Promise<Child[]> {
  const title = el("h3", {}, "Compare with the others");
  const { digest } = found;
  if (digest === undefined) {
    return [title, el("p", {}, `There are no digits to compare: ${found.noDigest ?? "nothing is proven"}.`)];
  }
  const { digestQRText, groupDigits } = await import("@ghostlight/client/roster");
  const text = digestQRText(digest);
  const told = el("span", { role: "status", class: "note" });
  const copy = button("Copy the text", () => {
    navigator.clipboard.writeText(text).then(
      () => told.replaceChildren("Copied."),
      () => told.replaceChildren("This browser lets the page copy nothing. Select the text."),
    );
  });
  copy.className = "quiet small";
  return [
    title,
    el(
      "p",
      {},
      "Members who see the same labels with the same keys get the same digits. Read them out to each other.",
    ),
    el(
      "p",
      { class: "digits" },
      ...groupDigits(digest)
        .split(" ")
        .map((group) => el("span", {}, group)),
    ),
    qrCode(text, "QR code: the digits of this roster"),
    el("p", {}, "The text of the QR code: ", code(text), " ", copy, " ", told),
    el("p", {}, el("a", { href: `compare#digits=${digest}` }, "Compare them with what somebody reads out")),
  ];
}
