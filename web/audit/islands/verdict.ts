/** The verdict element: what was found, first and in words, why, and who checked it. */
import type { Badge, Checker } from "@ghostlight/client";
import { el, foreign, type Child } from "./dom.js";

/** The five badges, which are never merged. The key is the element's data-verdict. */
export const badges: Readonly<Record<Badge, string>> = {
  verified: "verified",
  monitored: "verified, still being monitored",
  changed: "changed",
  unchecked: "could not check",
  misbehaviour: "misbehaviour proven",
};

/** What a verdict element shows. */
export interface Shown {
  readonly badge: Badge;
  /** The finding in a sentence. */
  readonly headline: string;
  /** Why. */
  readonly reason?: Child;
  readonly checkedBy: readonly Checker[];
  /** More, such as what to do, or a download of the evidence. */
  readonly more?: readonly Child[];
}

/** Makes a verdict element show what was found. As it has role=status, that is announced. */
export function showVerdict(section: HTMLElement, shown: Shown): void {
  section.classList.add("verdict");
  section.dataset["verdict"] = shown.badge;
  section.setAttribute("role", "status");
  section.replaceChildren(
    el("p", { class: "badge" }, badges[shown.badge]),
    el("p", { class: "headline" }, shown.headline),
    ...(shown.reason === undefined ? [] : [el("p", { class: "reason" }, shown.reason)]),
    ...(shown.more ?? []).filter((child) => child !== undefined),
    checkedBy(shown.checkedBy),
  );
}

/** A new verdict element. */
export function verdictElement(shown: Shown): HTMLElement {
  const section = el("section");
  showVerdict(section, shown);
  return section;
}

/** The line that tells who checked. */
function checkedBy(checkers: readonly Checker[]): HTMLElement {
  const line = el("p", { class: "checked-by" }, "Checked by: ");
  if (checkers.length === 0) line.append("nobody");
  checkers.forEach((checker, i) => line.append(i > 0 ? ", " : "", ...checkerWords(checker)));
  return line;
}

function checkerWords(checker: Checker): (Node | string)[] {
  switch (checker.kind) {
    case "browser":
      return ["your browser"];
    case "witness":
      return ["witness ", foreign(checker.name)];
    case "monitor":
      return ["monitor ", foreign(checker.name)];
    case "operator":
      return ["nobody: this is only the operator’s claim"];
  }
}
