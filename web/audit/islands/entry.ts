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
    const position = Number(proof.dataset["position"] ?? NaN);
    const { client } = await openSession(page);
    const result = await client.entry(position);
    const verified = `Your browser verified that entry ${position} is in the log.`;
    showVerdict(section, shownOf(result.verdict, { verified }));
    proof.replaceChildren(...describe(result));
  } catch (failure) {
    showVerdict(section, shownFailure(failure));
  }
}

function describe(r: EntryResult): Node[] {
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
    el("ol", { class: "hashes" }, ...r.proof.map((hash) => el("li", {}, code(encodeHex(hash))))),
    el(
      "p",
      {},
      download("Save the proof (tlog-proof)", `entry-${r.position}.tlog-proof`, r.file, "text/plain"),
    ),
  ];
}
