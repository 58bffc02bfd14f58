/** The lookup page: a label, what its keys are, and how this browser verified that. */
import type { AbsentResult, LookupResult } from "@ghostlight/client";
import { describeAnswer, shownAnswer } from "./answer.js";
import { fragmentOf, questionOf, readFragment, typedIn, typeInto, type Asked } from "./asking.js";
import { button, el, place } from "./dom.js";
import type { Page } from "./page.js";
import { sessionOf, shownTrouble, type Open } from "./pagesession.js";
import { rememberedList, type RememberedList } from "./remembered.js";
import { showSigners } from "./signers.js";
import { describeTrace } from "./trace.js";
import { showVerdict } from "./verdict.js";
import { labelNotices } from "./warnings.js";
import { working } from "./work.js";

/** The page, and what its parts need. */
interface Lookup {
  readonly base: string;
  readonly form: HTMLFormElement;
  readonly verdict: HTMLElement;
  readonly result: HTMLElement;
  readonly trace: HTMLElement;
  readonly list: RememberedList;
  readonly open: Open;
}

export async function run(page: Page): Promise<void> {
  const form = place("lookup");
  if (!(form instanceof HTMLFormElement)) throw new Error("the page has no form");
  const verdict = place("verdict");
  const open = sessionOf(page);
  const list = rememberedList(place("remembered"), verdict, open);
  const parts = {
    base: page.base,
    form,
    verdict,
    result: place("result"),
    trace: place("trace"),
    list,
    open,
  };
  verdict.hidden = true;
  verdict.tabIndex = -1;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    // A link's label is not the one that is asked for now.
    if (location.hash !== "") history.replaceState(null, "", location.pathname);
    void ask(parts);
  });
  addEventListener("hashchange", () => void askFragment(parts));
  if (readFragment(location.hash)) await askFragment(parts);
  else if (typedIn(form).label !== "")
    await ask(parts); // it was sent before this script ran
  else {
    parts.result.replaceChildren();
    await list.refresh();
  }
}

async function askFragment(l: Lookup): Promise<void> {
  const asked = readFragment(location.hash);
  if (!asked) return;
  typeInto(l.form, asked.label, asked.version);
  await ask(l);
}

/** Asks what is in the form, and shows what comes of it. */
async function ask(l: Lookup): Promise<void> {
  const submit = l.form.querySelector("button");
  if (submit?.disabled) return;
  if (submit) submit.disabled = true;
  l.form.ariaBusy = "true";
  l.verdict.hidden = true;
  l.trace.replaceChildren();
  try {
    const { label, version } = typedIn(l.form);
    const asked = questionOf(label, version);
    const answer = await working(
      l.result,
      "Asking the directory, and verifying what it answers.",
      async (options) => {
        const { client } = await l.open();
        const wanted = asked.version === undefined ? {} : { version: asked.version };
        return client.lookup(asked.label, { ...options, ...wanted });
      },
    );
    await show(l, asked, answer);
  } catch (error) {
    l.result.replaceChildren();
    l.verdict.hidden = false;
    showVerdict(l.verdict, shownTrouble(error));
  } finally {
    if (submit) submit.disabled = false;
  }
  l.verdict.focus();
  await l.list.refresh();
  l.form.ariaBusy = null;
}

async function show(l: Lookup, asked: Asked, answer: LookupResult | AbsentResult): Promise<void> {
  const parts = await describeAnswer(answer, asked.typed, l.base, Date.now());
  const notices = await labelNotices(asked.label);
  l.verdict.hidden = false;
  showVerdict(l.verdict, shownAnswer(answer));
  const all = [...notices, ...parts, actionsFor(l, asked, answer)];
  l.result.replaceChildren(el("section", { class: "answer" }, ...all));
  l.trace.replaceChildren(
    ...describeTrace({
      steps: answer.steps,
      trace: answer.trace,
      treeSize: answer.head.treeSize,
      terminal: answer.kind === "found" ? answer.logEntry : undefined,
      witness: answer.witness,
    }),
  );
  const signers = l.trace.querySelector<HTMLElement>(".signers");
  if (signers)
    showSigners(signers, l.open).catch((error: unknown) => showVerdict(l.verdict, shownTrouble(error)));
}

/** What can be done next with a label. */
function actionsFor(l: Lookup, asked: Asked, answer: LookupResult | AbsentResult): HTMLElement {
  const fragment = fragmentOf(asked.label, asked.version);
  const told = el("p", { role: "status", class: "note" });
  const copy = button("Copy a link to this", () => void copyLink(told, fragment));
  copy.className = "quiet";
  const row = el("p", { class: "answer-actions" });
  if (answer.kind === "found") {
    row.append(
      button("Follow", () => {
        told.replaceChildren(
          "This browser looks the label up again on each visit: see the list at the end of the page.",
        );
        void l.list.follow(asked.label);
      }),
      quiet("This is my address", () => {
        told.replaceChildren(
          "This browser watches for versions that are not yours: see the list at the end of the page.",
        );
        void l.list.own(asked.label);
      }),
      el("a", { class: "button quiet", href: `${l.base}/history${fragmentOf(asked.label)}` }, "All versions"),
    );
  }
  row.append(copy);
  return el(
    "div",
    { class: "next" },
    row,
    el(
      "p",
      { class: "note small" },
      "Following: this browser looks again on each visit. The link names the label to everybody who sees it; browsers send that part of it to no server.",
    ),
    told,
  );
}

function quiet(text: string, action: () => void): HTMLButtonElement {
  const element = button(text, action);
  element.className = "quiet";
  return element;
}

async function copyLink(told: HTMLElement, fragment: string): Promise<void> {
  const link = new URL(fragment, location.href).href;
  try {
    await navigator.clipboard.writeText(link);
    told.replaceChildren("Copied. It names the label: give it only to those who may know it.");
  } catch {
    const field = el("input", { type: "text", readonly: true, value: link, "aria-label": "The link" });
    told.replaceChildren("This browser lets the page copy nothing. The link is: ", field);
    field.select();
  }
}
