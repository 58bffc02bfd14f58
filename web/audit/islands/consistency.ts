/** The consistency page: two sizes of the log, compared by hashes that this browser fetches. */
import { encodeHex, type CheckpointResult, type ConsistencyResult } from "@ghostlight/client";
import { code, el, place, time } from "./dom.js";
import { shownFailure, shownOf } from "./outcome.js";
import type { Page } from "./page.js";
import { showVerdict } from "./verdict.js";
import { openSession, type Session } from "./view.js";

export async function run(page: Page): Promise<void> {
  const section = place("verdict");
  const form = place("consistency");
  if (!(form instanceof HTMLFormElement)) throw new Error("the page has no form");
  try {
    const session = await openSession(page);
    const { verdict, before } = await session.client.checkCheckpoint();
    showVerdict(section, shownOf(verdict, { verified: "Your browser verified the newest checkpoint." }));
    if (before) place("visit").replaceChildren(...visit(before));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void compare(session, form, section);
    });
    if (new URLSearchParams(location.search).has("old")) await compare(session, form, section);
  } catch (failure) {
    showVerdict(section, shownFailure(failure));
  }
}

/** The sizes in the form, the smaller one first; undefined if they are not both numbers. */
function sizesOf(form: HTMLFormElement): [number, number] | undefined {
  const data = new FormData(form);
  const sizes = ["old", "new"].map((name) => String(data.get(name) ?? "").replace(/[\s,.\u202f’]/g, ""));
  if (!sizes.every((size) => /^[0-9]{1,15}$/.test(size))) return undefined;
  const [a = 0, b = 0] = sizes.map(Number);
  return a <= b ? [a, b] : [b, a];
}

async function compare(session: Session, form: HTMLFormElement, section: HTMLElement): Promise<void> {
  const sizes = sizesOf(form);
  if (!sizes) {
    showVerdict(section, {
      badge: "unchecked",
      headline: "Two sizes are needed, in digits.",
      checkedBy: [],
    });
    return;
  }
  try {
    const result = await session.client.consistency(...sizes);
    const verified = `The log of ${result.size2} entries continues the one of ${result.size1}.`;
    showVerdict(section, shownOf(result.verdict, { verified }));
    place("result").replaceChildren(...describe(result));
  } catch (failure) {
    showVerdict(section, shownFailure(failure));
    place("result").replaceChildren();
  }
}

function visit(before: NonNullable<CheckpointResult["before"]>): Node[] {
  const size = `${before.size} ${before.size === 1 ? "entry" : "entries"}`;
  return [el("p", {}, "On your last visit, ", time(before.at), `, the log had ${size}.`)];
}

function describe(r: ConsistencyResult): Node[] {
  return [
    el("h2", {}, "The proof that your browser recomputed"),
    el(
      "dl",
      { class: "facts" },
      el("dt", {}, `Root of ${r.size1} entries`),
      el("dd", {}, code(encodeHex(r.root1))),
      el("dt", {}, `Root of ${r.size2} entries`),
      el("dd", {}, code(encodeHex(r.root2))),
    ),
    r.proof.length === 0
      ? el("p", {}, "No hash is needed to compare them.")
      : el("ol", { class: "proof-list" }, ...r.proof.map((hash) => el("li", {}, code(encodeHex(hash))))),
  ];
}
