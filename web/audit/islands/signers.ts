/** Each witness of the policy, and whether it has signed the log's present checkpoint. */
import { isFailure, type CheckpointSignature } from "@ghostlight/client";
import { el, foreign } from "./dom.js";
import { lagWords } from "./lag.js";
import type { Open } from "./pagesession.js";
import { sentence } from "./outcome.js";
import { inWords } from "./trouble.js";

/**
 * Fills a place with what the checkpoint page shows more of. That it cannot be had changes no verdict.
 * Rejects if it proves misbehaviour.
 */
export async function showSigners(place: HTMLElement, open: Open): Promise<void> {
  try {
    const { client } = await open();
    const { cosignatures, size } = await client.checkCheckpoint();
    const witnesses = cosignatures.slice(1); // the first signature is the log's own
    const list = el("ul", { class: "plain" }, ...witnesses.map(witness));
    place.replaceChildren(list, `This is the checkpoint of ${size} entries.`);
  } catch (error) {
    if (isFailure(error, "misbehaviour")) throw error;
    place.replaceChildren(`They could not be asked for: ${sentence(inWords(error))}`);
  }
}

function witness(s: CheckpointSignature): HTMLElement {
  if (s.unchecked) return line(s.name, undefined, "has signed in a way that this page cannot check");
  if (s.missing) return line(s.name, "warn", "has not signed");
  const lag = s.lag === undefined ? "" : `, ${lagWords(s.lag, "the last entry")}`;
  return line(s.name, "good", `has signed${lag}`);
}

function line(name: string, state: string | undefined, text: string): HTMLElement {
  return el("li", {}, el("span", { class: "state", "data-state": state }, foreign(name), ` ${text}`));
}
