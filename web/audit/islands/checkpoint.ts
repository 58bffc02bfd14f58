/** The checkpoint page: each signature, verified here. */
import { encodeBase64, type CheckpointResult, type CheckpointSignature } from "@ghostlight/client";
import { code, el, foreign, place, time } from "./dom.js";
import { download } from "./download.js";
import { shownFailure, shownOf } from "./outcome.js";
import type { Page } from "./page.js";
import { showVerdict } from "./verdict.js";
import { openSession } from "./view.js";

export async function run(page: Page): Promise<void> {
  const section = place("verdict");
  try {
    const { client } = await openSession(page);
    const result = await client.checkCheckpoint();
    showVerdict(
      section,
      shownOf(result.verdict, { verified: "Your browser verified this checkpoint and its signatures." }),
    );
    place("checkpoint").replaceChildren(...describe(result));
  } catch (failure) {
    showVerdict(section, shownFailure(failure));
  }
}

function describe(c: CheckpointResult): Node[] {
  return [
    el("h2", {}, "What your browser verified"),
    el(
      "dl",
      { class: "facts" },
      ...fact("Origin", foreign(c.origin)),
      ...fact("Log entries", String(c.size)),
      ...fact("Root (RFC 6962)", code(encodeBase64(c.root))),
      ...(c.time === undefined ? [] : fact("Its last entry is of", time(c.time))),
      ...fact("Quorum", quorumText(c)),
      ...(c.before ? fact("Your last visit", `${c.before.size} entries, `, time(c.before.at)) : []),
    ),
    signatures(c.cosignatures),
    el("h3", {}, "The note as it is signed"),
    el("pre", { class: "raw", tabindex: 0, role: "region", "aria-label": "The signed note" }, c.note),
    el("p", {}, download("Save the note", "checkpoint.txt", c.note, "text/plain")),
  ];
}

function quorumText(c: CheckpointResult): string {
  if (c.quorum === "none") return "no witness is required";
  return `${c.quorum}: ${c.quorumMet ? "met" : "not met"}`;
}

function fact(name: string, ...value: (Node | string)[]): Node[] {
  return [el("dt", {}, name), el("dd", {}, ...value)];
}

function signatures(list: readonly CheckpointSignature[]): HTMLElement {
  const head = ["Signed by", "Signed at", "After the last entry", "Result"];
  return el(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Signatures" },
    el(
      "table",
      {},
      el("caption", {}, "Signatures, each verified by your browser"),
      el("thead", {}, el("tr", {}, ...head.map((text) => el("th", { scope: "col" }, text)))),
      el("tbody", {}, ...list.map(signatureRow)),
    ),
  );
}

function signatureRow(s: CheckpointSignature, i: number): HTMLElement {
  const state = s.missing ? "warn" : "good";
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, foreign(s.name), i === 0 ? " (the log)" : ""),
    el("td", {}, s.time === undefined ? "–" : time(s.time)),
    el("td", {}, s.lag === undefined ? "–" : `${(s.lag / 1000).toFixed(0)} s`),
    el(
      "td",
      {},
      el("span", { class: "state", "data-state": state }, s.missing ? "has not signed" : "verified"),
    ),
  );
}
