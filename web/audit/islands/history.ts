/** The page with all versions of a label. */
import type { AbsentResult, HistoryResult } from "@ghostlight/client";
import { describeAnswer, shownAnswer } from "./answer.js";
import { fragmentOf, questionOf, readFragment, typedIn, typeInto, type Asked } from "./asking.js";
import { button, el, foreign, place, type Child } from "./dom.js";
import { shownOf } from "./outcome.js";
import type { Page } from "./page.js";
import { sessionOf, shownTrouble, type Open } from "./pagesession.js";
import { showVerdict, type Shown } from "./verdict.js";
import { describeVersions } from "./versions.js";
import { labelNotices } from "./warnings.js";
import { working } from "./work.js";

/** How many versions are asked for at first. */
const few = 16;

/** The page, and what its parts need. */
interface History {
  readonly base: string;
  readonly form: HTMLFormElement;
  readonly verdict: HTMLElement;
  readonly result: HTMLElement;
  readonly open: Open;
}

export async function run(page: Page): Promise<void> {
  const form = place("history");
  if (!(form instanceof HTMLFormElement)) throw new Error("the page has no form");
  const verdict = place("verdict");
  const parts = { base: page.base, form, verdict, result: place("result"), open: sessionOf(page) };
  verdict.hidden = true;
  verdict.tabIndex = -1;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (location.hash !== "") history.replaceState(null, "", location.pathname);
    void ask(parts, few);
  });
  addEventListener("hashchange", () => void askFragment(parts));
  if (readFragment(location.hash)) await askFragment(parts);
  else if (typedIn(form).label !== "")
    await ask(parts, few); // it was sent before this script ran
  else parts.result.replaceChildren();
}

async function askFragment(h: History): Promise<void> {
  const asked = readFragment(location.hash);
  if (!asked) return;
  typeInto(h.form, asked.label, "");
  await ask(h, few);
}

/** Asks for versions of the label in the form, 0: for all, and shows them. */
async function ask(h: History, limit: number): Promise<void> {
  const submit = h.form.querySelector("button");
  if (submit?.disabled) return;
  if (submit) submit.disabled = true;
  h.form.ariaBusy = "true";
  h.verdict.hidden = true;
  try {
    const asked = questionOf(typedIn(h.form).label, "");
    const what = "Asking for each version, and verifying what comes.";
    const answer = await working(h.result, what, async (options) =>
      (await h.open()).client.history(asked.label, limit, options),
    );
    await show(h, asked, answer);
  } catch (error) {
    h.result.replaceChildren();
    h.verdict.hidden = false;
    showVerdict(h.verdict, shownTrouble(error));
  } finally {
    if (submit) submit.disabled = false;
    h.form.ariaBusy = null;
  }
  h.verdict.focus();
}

async function show(h: History, asked: Asked, answer: HistoryResult | AbsentResult): Promise<void> {
  const now = Date.now();
  const parts =
    answer.kind === "absent"
      ? await describeAnswer(answer, asked.typed, h.base, now)
      : await describeHistory(h, asked, answer, now);
  const notices = await labelNotices(asked.label);
  h.verdict.hidden = false;
  showVerdict(h.verdict, answer.kind === "absent" ? shownAnswer(answer) : shownHistory(answer));
  h.result.replaceChildren(
    el("section", { class: "answer" }, ...notices, ...parts.filter((part) => part !== undefined)),
  );
}

function shownHistory(r: HistoryResult): Shown {
  const first = (r.versions.at(-1)?.version ?? 0) === 0 ? "all versions" : "these versions";
  const verified = `Your browser verified ${first} of the label.`;
  const monitored = `Your browser verified ${first}, and goes on watching that they stay.`;
  return shownOf(r.verdict, { verified, monitored });
}

async function describeHistory(h: History, asked: Asked, r: HistoryResult, now: number): Promise<Child[]> {
  const all = button("Show all versions", () => void ask(h, 0));
  all.className = "quiet";
  const href = `${h.base}/lookup${fragmentOf(asked.label)}`;
  return [
    el("h2", { class: "subject" }, foreign(r.label)),
    el("p", {}, el("a", { href }, "Look it up, with every step of the proof")),
    await describeVersions(r, h.base, now),
    r.more ? el("p", {}, "There are older versions. ", all) : undefined,
  ];
}
