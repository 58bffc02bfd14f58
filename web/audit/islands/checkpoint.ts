/** The checkpoint page: each signature, verified here. */
import { encodeHex, type CheckpointResult, type CheckpointSignature } from "@ghostlight/client";
import { code, el, foreign, place, time } from "./dom.js";
import { download } from "./download.js";
import { lagWords } from "./lag.js";
import { shownFailure, shownOf } from "./outcome.js";
import type { Page } from "./page.js";
import { describePolicy, whosePolicy } from "./policywords.js";
import { showVerdict } from "./verdict.js";
import { openSession } from "./view.js";

export async function run(page: Page): Promise<void> {
  const section = place("verdict");
  try {
    const { client, view } = await openSession(page);
    const result = await client.checkCheckpoint();
    const headline = { verified: "Your browser verified this checkpoint and its signatures." };
    const policy = describePolicy(view, result.quorum, !result.before);
    showVerdict(section, shownOf(result.verdict, headline, [policy]));
    place("signatures").replaceChildren(signatures(result.cosignatures, whosePolicy(view)));
    const note = place("note");
    note.textContent = result.note;
    note.after(el("p", {}, download("Save the note", "checkpoint.txt", result.note, "text/plain")));
    place("memory").replaceChildren(...memory(result));
  } catch (failure) {
    showVerdict(section, shownFailure(failure));
  }
}

function memory({ before }: CheckpointResult): Node[] {
  if (!before) return [];
  return [
    el("h2", {}, "What your browser remembers"),
    el(
      "dl",
      { class: "facts" },
      el("dt", {}, "Your last visit"),
      el("dd", {}, time(before.at)),
      el("dt", {}, "Size then"),
      el("dd", {}, String(before.size)),
      el("dt", {}, "Root then, RFC 6962"),
      el("dd", {}, code(encodeHex(before.root))),
    ),
  ];
}

function signatures(list: readonly CheckpointSignature[], whose: string): HTMLElement {
  const head = ["Key", "Signed at", "And the last entry", "Result"];
  return el(
    "table",
    { class: "stack" },
    el("caption", {}, `Each verified by your browser, under ${whose} policy`),
    el("thead", {}, el("tr", {}, ...head.map((text) => el("th", { scope: "col" }, text)))),
    el("tbody", {}, ...list.map(signatureRow)),
  );
}

function signatureRow(s: CheckpointSignature, i: number): HTMLElement {
  const state = s.missing ? "warn" : "good";
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, foreign(s.name), i === 0 ? " (the log)" : ""),
    el("td", { "data-label": "time" }, s.time === undefined ? "–" : time(s.time)),
    el("td", { "data-label": "lag" }, s.lag === undefined ? "–" : lagWords(s.lag, "it")),
    el(
      "td",
      {},
      el("span", { class: "state", "data-state": state }, s.missing ? "has not signed" : "verified"),
    ),
  );
}
