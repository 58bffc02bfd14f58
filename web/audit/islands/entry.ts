/** The page of a log entry: its bytes, and the proof that they are in the log. */
import { encodeHex, type EntryResult } from "@ghostlight/client";
import { code, el, place } from "./dom.js";
import { download } from "./download.js";
import { shownFailure, shownOf } from "./outcome.js";
import type { Page } from "./page.js";
import { showVerdict } from "./verdict.js";
import { openSession } from "./view.js";

export async function run(page: Page): Promise<void> {
  const section = place("verdict");
  const proof = place("proof");
  try {
    const position = Number(place("entry").dataset["position"] ?? NaN);
    const { client } = await openSession(page);
    const result = await client.entry(position);
    const verified = `Your browser verified that entry ${position} is in the log.`;
    showVerdict(section, shownOf(result.verdict, { verified }));
    proof.before(el("section", { id: "verified" }, ...describe(result, proof)));
  } catch (failure) {
    showVerdict(section, shownFailure(failure));
  }
}

function describe(r: EntryResult, drawn: HTMLElement): Node[] {
  return [
    el("h2", {}, "What your browser verified"),
    el(
      "dl",
      { class: "facts" },
      el("dt", {}, "The entry’s 40 bytes"),
      el("dd", {}, code(encodeHex(r.bytes))),
      el("dt", {}, "Leaf hash"),
      el("dd", {}, code(encodeHex(r.leafHash))),
    ),
    el("h3", {}, `Inclusion in the log of ${r.checkpoint.size} entries`),
    el("ol", { class: "proof-list" }, ...r.proof.map((hash) => el("li", {}, code(encodeHex(hash))))),
    el(
      "p",
      {},
      download("Save the proof (tlog-proof)", `entry-${r.position}.tlog-proof`, r.file, "text/plain"),
    ),
    el("p", {}, agrees(r, drawn)),
  ];
}

/** Whether what the server drew is the proof that was verified, in words. */
function agrees(r: EntryResult, drawn: HTMLElement): string {
  if (drawn.dataset["size"] !== String(r.checkpoint.size)) {
    return "The server’s drawing below is of another size of the log, and was not checked.";
  }
  const shown = new Set([...drawn.querySelectorAll("code")].map((element) => element.textContent));
  const hashes = [r.leafHash, ...r.proof, r.checkpoint.root].map(encodeHex);
  return hashes.every((hash) => shown.has(hash))
    ? "The server’s drawing below shows the same hashes."
    : "The server’s drawing below shows other hashes: it is wrong.";
}
