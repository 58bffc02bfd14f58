/** The overview: the checkpoint, held against the last visit's, and charts to zoom into. */
import { encodeHex, type CheckpointResult } from "@ghostlight/client";
import { sha256 } from "@noble/hashes/sha2.js";
import { enhanceCharts } from "./chart.js";
import { claimMark, markClaim, shownOtherText } from "./claim.js";
import { code, el, foreign, place } from "./dom.js";
import { grouped } from "./grouped.js";
import { shownFailure, shownOf } from "./outcome.js";
import type { Page } from "./page.js";
import { describePolicy } from "./policywords.js";
import { quorumState } from "./quorum.js";
import { showVerdict } from "./verdict.js";
import { openSession } from "./view.js";

export async function run(page: Page): Promise<void> {
  enhanceCharts();
  const section = place("verdict");
  let asking: Promise<void> | undefined;
  try {
    const { client, view } = await openSession(page);
    asking = import("./monitorlines.js").then(
      ({ fillMonitorLines }) => fillMonitorLines(view),
      () => undefined,
    );
    const result = await client.checkCheckpoint();
    const { verdict, before, quorum } = result;
    for (const part of ["head", "activity", "rules"]) markClaim(place(part));
    replaceCheckpoint(place("checkpoint"), result, page);
    const differing = replaceDigest(place("digest"), client.configuration);
    const seen = quorum === "none" ? "the log’s state is signed" : "a quorum of witnesses saw this log";
    const kept = before ? ", and it continues the one of your last visit" : "";
    const headline = { verified: `Your browser verified that ${seen}${kept}.` };
    const other = differing.length > 0;
    const shown = shownOf(verdict, headline, [describePolicy(view, quorum, !before)]);
    showVerdict(section, other ? shownOtherText("the log", differing) : shown);
  } catch (failure) {
    showVerdict(section, shownFailure(failure));
  }
  await asking;
}

/** Puts what was verified in the place of what the server says of the checkpoint. */
function replaceCheckpoint(card: HTMLElement, r: CheckpointResult, page: Page): void {
  const claims = [...card.querySelectorAll("[data-claim]")].map((element) => element.textContent);
  const witnesses = r.cosignatures.slice(1);
  card.replaceChildren(
    el("h2", { id: "checkpoint-title" }, "Checkpoint"),
    el("p", {}, quorumState(r)),
    el("p", {}, `Of ${grouped(r.size)} ${r.size === 1 ? "entry" : "entries"}, as your browser verified.`),
    ...(witnesses.length === 0
      ? []
      : [
          el(
            "ul",
            { class: "witnesses" },
            ...witnesses.map(({ name, missing }) =>
              el(
                "li",
                { "data-state": missing ? "warn" : "good" },
                foreign(name),
                missing ? " has not cosigned" : " cosigned",
              ),
            ),
          ),
        ]),
    ...claims.map((text) => el("p", {}, text, " ", claimMark())),
    el("p", {}, el("a", { href: `${page.base}/checkpoint` }, "The note and its signatures")),
  );
}

/** Puts the digest of the pinned Configuration in its place. Returns what was other, in words. */
function replaceDigest(fact: HTMLElement, configuration: Uint8Array): string[] {
  const digest = encodeHex(sha256(configuration));
  const same = fact.textContent.trim() === digest;
  const mark = el("span", { class: "state", "data-state": "good" }, "the one that your browser pinned");
  fact.replaceChildren(code(digest), " ", mark);
  return same ? [] : ["the SHA-256 of the configuration"];
}
