/** Whose witness policy a page's verdict rests on. */
import { el } from "./dom.js";
import type { View } from "./view.js";

/** Whose policy a view shows, as "under ... policy" says it. */
export function whosePolicy(view: View): string {
  return view.host.kind === "monitor" ? "this monitor’s" : "the operator’s";
}

/** What a quorum of the view's policy is worth, for visitors who have been here before or not. */
export function describePolicy(view: View, quorum: string, first: boolean): HTMLElement {
  const whose = whosePolicy(view);
  const pinned = first
    ? "which your browser keeps from this first visit on"
    : "which your browser has kept since your first visit";
  const named =
    view.host.kind === "monitor"
      ? "The monitor chose the witnesses, not the directory."
      : "Who runs the directory also chose the witnesses.";
  const says =
    quorum === "none"
      ? `No witness is required by ${whose} witness policy, ${pinned}.`
      : `The quorum is that of ${whose} witness policy, ${pinned}. ${named}`;
  return el("p", { class: "policy small" }, says);
}
