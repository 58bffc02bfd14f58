import { el } from "./dom.js";

/** Tells the visitor that this browser remembers nothing, before what the page shows. */
export function tellOfMemory(): void {
  if (document.getElementById("memory")) return;
  const notice = el(
    "p",
    { class: "notice", id: "memory", "data-state": "warn" },
    "This browser lets the page store nothing, as in a private window. What it verifies counts for this ",
    "visit only: it can not tell you later that the log changed its past.",
  );
  document.querySelector("main h1")?.after(notice);
}
