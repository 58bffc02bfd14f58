/** What the parts of the compare page have in common: two sides, and a verdict above them. */
import { groupsOf, type DigitsComparison } from "./digits.js";
import { el, type Child } from "./dom.js";
import { byBrowser } from "./examined.js";
import { qrCode } from "./qr.js";
import { verdictElement, type Shown } from "./verdict.js";

/** A part of the page. */
export interface Part {
  readonly element: HTMLElement;
  /** Shows a verdict above the two sides, and brings it into view. */
  readonly show: (shown: Shown, ...more: readonly HTMLElement[]) => void;
  /** What is on one's own side, and on the other person's. */
  readonly yours: HTMLElement;
  readonly theirs: HTMLElement;
}

/** A part with a title and what it is for. */
export function comparePart(id: string, title: string, ...lead: Child[]): Part {
  const told = el("div", { class: "told", role: "status", tabindex: -1 });
  const yours = el("div", { class: "card" });
  const theirs = el("div", { class: "card" });
  const element = el(
    "section",
    { class: "compare-part", id, "aria-labelledby": `${id}-title` },
    el("h2", { id: `${id}-title` }, title),
    el("p", {}, ...lead),
    told,
    el("div", { class: "sides" }, yours, theirs),
  );
  const show = (shown: Shown, ...more: readonly HTMLElement[]) => {
    const verdict = verdictElement(shown);
    verdict.removeAttribute("role"); // what it is in has it
    told.replaceChildren(verdict, ...more);
    told.focus({ preventScroll: true });
    told.scrollIntoView({ block: "nearest" });
  };
  return { element, show, yours, theirs };
}

/** Digits in groups, for reading out. Groups that differ are marked, and said to be so. */
export function digitsElement(digits: string, differing: readonly number[] = []): HTMLElement {
  const marked = (i: number) => differing.includes(i + 1);
  const groups = groupsOf(digits).map((group, i) =>
    el(
      "li",
      { "data-state": marked(i) && "bad" },
      group,
      marked(i) ? el("span", { class: "hidden" }, " (differs)") : undefined,
    ),
  );
  return el("ol", { class: "digit-groups", "aria-label": "Digits, in groups" }, ...groups);
}

/** A QR code with what it is of below it. */
export function qrFigure(text: string, name: string): HTMLElement {
  return el("figure", { class: "qr-figure" }, qrCode(text, `QR code: ${name}`), el("figcaption", {}, name));
}

/** The groups that a comparison says to be other ones. */
export function differingGroups(c: DigitsComparison): readonly number[] {
  if (c.kind === "different") return c.groups;
  return "group" in c && c.kind !== "unfinished" ? [c.group] : [];
}

/** The badge that a comparison of digits has, and its headline. */
export function shownDigits(c: DigitsComparison, words: string, same: string): Shown {
  if (c.kind === "same") return { badge: "verified", headline: same, reason: words, checkedBy: byBrowser };
  if (c.kind === "different")
    return {
      badge: "changed",
      headline: "The digits are not the same.",
      reason: words,
      checkedBy: byBrowser,
      more: [el("p", {}, differentAdvice)],
    };
  const headline =
    c.kind === "unfinished" || c.kind === "empty" ? "Not all digits are there." : "Look at the digits again.";
  return { badge: "unchecked", headline, reason: words, checkedBy: [] };
}

const differentAdvice =
  "One of you is shown something else, or looked at another time: look again, both of you, at the same time. If it stays so, compare distinguished heads, and do not rely on these keys.";

/** A form with one box to type or paste into. */
export function pasteForm(
  id: string,
  label: string,
  action: string,
  take: (text: string) => void,
): HTMLFormElement {
  const box = el("textarea", { id, rows: 4, spellcheck: "false", autocomplete: "off", inputmode: "text" });
  const form = el(
    "form",
    { class: "ask" },
    el("p", { class: "field whole" }, el("label", { for: id }, label), box),
    el("p", {}, el("button", { type: "submit" }, action)),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take(box.value);
  });
  box.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (text.length <= maxShown) return;
    event.preventDefault();
    take(text);
  });
  return form;
}

/** A text of more characters is not laid out in a box: that could take minutes. */
const maxShown = 32 << 10;
