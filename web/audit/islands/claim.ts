/** What only the server says: marked in words, as nobody checked it. */
import { el } from "./dom.js";

/** The mark of what nobody checked. The templates have the same one. */
export function claimMark(): HTMLElement {
  return el("span", { class: "state claim", "data-state": "warn" }, "the server’s claim: not checked");
}

/** Marks the heading, or the first paragraph, of a part of the page. Throws if there is none. */
export function markClaim(part: HTMLElement): void {
  const heading = part.querySelector("h2, p");
  if (!heading) throw new Error("a part of the page has no heading");
  heading.querySelectorAll(".claim").forEach((mark) => mark.remove());
  heading.append(" ", claimMark());
}

/** What to show above a page whose text is not what was verified. */
export function shownOtherText(subject: string, differing: readonly string[]) {
  return {
    badge: "unchecked" as const,
    headline: `This page itself said something else of ${subject} than what your browser verified.`,
    reason: `What the server wrote differs in: ${differing.join("; ")}. Your browser put what it verified in its place, but a page that was false there can be false elsewhere: the server, or somebody between it and you, changed it. Load the page anew, and ask a monitor if it stays so.`,
    checkedBy: [],
  };
}
