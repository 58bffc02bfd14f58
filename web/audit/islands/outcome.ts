/** What the client came to, or why it came to nothing, as a verdict element shows it. */
import {
  badgeOf,
  isFailure,
  verdictOf,
  type Badge,
  type EvidenceFile,
  type Problem,
  type Verdict,
} from "@ghostlight/client";
import { el, foreign, type Child } from "./dom.js";
import { download } from "./download.js";
import { inWords } from "./trouble.js";
import type { Shown } from "./verdict.js";

/** The headlines of badges where a page has none of its own. */
const headlines: Readonly<Record<Badge, string>> = {
  verified: "Your browser verified this.",
  monitored: "Your browser verified this, and it has to go on looking.",
  changed: "Something changed that you should look at.",
  unchecked: "Your browser could not check this.",
  misbehaviour: "The directory has misbehaved, and that can be proven to everybody.",
};

/** The headline of a finding that others cannot check. */
const remembered =
  "The directory has misbehaved: it contradicts what your browser remembers, which proves nothing to others.";

/** A verdict as it is shown. The headlines given here take the place of the general ones. */
export function shownOf(
  verdict: Verdict,
  own: Partial<Record<Badge, string>> = {},
  more: readonly Child[] = [],
): Shown {
  const badge = badgeOf(verdict.outcome);
  return {
    badge,
    headline: own[badge] ?? headlines[badge],
    reason: sentence(verdict.reason),
    checkedBy: verdict.checkedBy,
    more,
  };
}

/** A failure as it is shown: what it means, what to do, and the evidence if there is any. */
export function shownFailure(failure: unknown): Shown {
  if (!isFailure(failure)) {
    return { badge: "unchecked", headline: headlines.unchecked, reason: inWords(failure), checkedBy: [] };
  }
  const { hint, evidence } = failure;
  const verdict = verdictOf(failure);
  const own = evidence?.class === "report" ? { misbehaviour: remembered } : {};
  const shown = shownOf(verdict, own, [
    hint === undefined ? undefined : el("p", {}, sentence(hint)),
    evidence && evidenceOffer(evidence),
  ]);
  const reason = reasonIn(verdict.reason, failure.cause);
  // Who could not check did not check.
  return { ...shown, reason, checkedBy: shown.badge === "unchecked" ? [] : shown.checkedBy };
}

function evidenceOffer(file: EvidenceFile): HTMLElement {
  const what = file.class === "evidence" ? "the evidence" : "the report, which proves nothing to others";
  const warning = file.private ? " It tells which label you looked up." : "";
  return el("p", {}, download(`Save ${what}`, file.name, file.json, "application/json"), warning);
}

/** The reason of a failure. A server's own words in it are set apart, as they may run from right to left. */
export function reasonIn(reason: string, cause: unknown): Child {
  const said = cause instanceof Error && cause.name === "Problem" ? (cause as Problem).said : "";
  const text = sentence(reason);
  const at = said === "" ? -1 : text.indexOf(said);
  if (at < 0) return text;
  return el("span", {}, text.slice(0, at), foreign(said), text.slice(at + said.length));
}

/** Makes a text without a full stop a sentence. An address that it begins with stays as it is. */
export function sentence(text: string): string {
  const isAddress = /^[a-z][a-z0-9+.-]*:\/\//.test(text);
  const first = isAddress ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?!]$/.test(first) ? first : first + ".";
}
