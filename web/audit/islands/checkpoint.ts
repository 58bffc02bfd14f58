/** The checkpoint page: each signature, verified here. */
import { encodeHex, type CheckpointResult, type CheckpointSignature } from "@ghostlight/client";
import { claimMark, markClaim } from "./claim.js";
import { code, el, foreign, place, time } from "./dom.js";
import { download } from "./download.js";
import { grouped } from "./grouped.js";
import { lagWords } from "./lag.js";
import { shownFailure, shownOf } from "./outcome.js";
import type { Page } from "./page.js";
import { describePolicy, whosePolicy } from "./policywords.js";
import { quorumState } from "./quorum.js";
import { showVerdict } from "./verdict.js";
import { openSession } from "./view.js";

export async function run(page: Page): Promise<void> {
  const section = place("verdict");
  try {
    const { client, view } = await openSession(page);
    const result = await client.checkCheckpoint();
    replaceSummary(place("summary"), result);
    place("signatures").replaceChildren(signatures(result.cosignatures, whosePolicy(view)));
    const note = place("note");
    note.textContent = result.note;
    note.after(el("p", {}, download("Save the note", "checkpoint.txt", result.note, "text/plain")));
    const policy = place("policy");
    policy.textContent = result.policy;
    policy.setAttribute("aria-label", "The policy that your browser pinned");
    policy.before(el("p", {}, "The one that your browser pinned, and checked this checkpoint under."));
    for (const part of ["witnesses", "past"]) markClaim(place(part));
    place("memory").replaceChildren(...memory(result));
    // Last, when the page shows what was verified.
    const headline = { verified: "Your browser verified this checkpoint and its signatures." };
    const whose = describePolicy(view, result.quorum, !result.before);
    showVerdict(section, shownOf(result.verdict, headline, [whose]));
  } catch (failure) {
    showVerdict(section, shownFailure(failure));
  }
}

/** Puts what was verified in the place of the server's summary. */
function replaceSummary(part: HTMLElement, r: CheckpointResult): void {
  const claims = [...part.querySelectorAll("[data-claim]")].map((element) => element.textContent);
  part.replaceChildren(
    el("p", {}, quorumState(r)),
    el(
      "dl",
      { class: "facts" },
      el("dt", {}, "Size"),
      el("dd", {}, `${grouped(r.size)} ${r.size === 1 ? "entry" : "entries"}`),
      el("dt", {}, "Root, RFC 6962"),
      el("dd", {}, code(encodeHex(r.root))),
      el("dt", {}, "Origin"),
      el("dd", {}, foreign(r.origin)),
      el("dt", {}, "Log’s key"),
      el("dd", {}, code(r.logKey)),
    ),
    ...claims.map((text) => el("p", {}, text, " ", claimMark())),
  );
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
