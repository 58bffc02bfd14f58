/** Shows what came of a file: the verdict first. */
import { el } from "./dom.js";
import type { Examined } from "./examined.js";
import { verdictElement } from "./verdict.js";

/** The element for a file. Its heading can have the focus. */
export function resultElement(e: Examined): HTMLElement {
  return el(
    "article",
    { class: "result" },
    el("h3", { tabindex: -1 }, el("bdi", { dir: "auto" }, e.name)),
    verdictElement(e.shown),
    ...resultDetails(e),
  );
}

/** What follows a verdict: what the file is, proves and does not prove, and how that was verified. */
export function resultDetails(e: Examined): HTMLElement[] {
  return [
    el("p", { class: "what" }, e.what),
    ...(e.facts.length === 0
      ? []
      : [
          el(
            "dl",
            { class: "facts" },
            ...e.facts.flatMap(([term, value]) => [el("dt", {}, term), el("dd", {}, value)]),
          ),
        ]),
    ...list("What this does not prove", "ul", e.unproven),
    ...list("How this browser verified it", "ol", e.steps),
  ];
}

function list(title: string, tag: "ul" | "ol", lines: readonly string[]): HTMLElement[] {
  if (lines.length === 0) return [];
  return [el("h4", {}, title), el(tag, {}, ...lines.map((line) => el("li", {}, line)))];
}
