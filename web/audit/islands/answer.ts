/** The answer to a lookup: what the label is, who checked what, and the keys. */
import { encodeHex, type AbsentResult, type LookupResult } from "@ghostlight/client";
import { accountState } from "./accountwords.js";
import { describeChecks, logChecked } from "./checked.js";
import { code, el, foreign, time, type Child } from "./dom.js";
import { describeChanges } from "./keydiff.js";
import { fact, keyCards, readValue, type ReadValue } from "./keys.js";
import { shownOf } from "./outcome.js";
import { describeUnread } from "./rawvalue.js";
import type { Shown } from "./verdict.js";

/** What the verdict element shows of an answer. */
export function shownAnswer(r: LookupResult | AbsentResult): Shown {
  if (r.kind === "absent") {
    const shown = shownOf(r.verdict, { verified: absence(r) });
    // Nothing is verified to the end as long as the witnesses have not seen what it rests on.
    return r.witness && !r.witness.settled ? { ...shown, badge: "monitored" } : shown;
  }
  const which = r.greatest
    ? "This is the label’s newest version"
    : `This is version ${r.version} of the label`;
  const verified = `${which}.`;
  const monitored = `${which}, and your browser goes on watching that it stays.`;
  const changed = r.before && "This is not what your browser saw when it looked before.";
  return shownOf(r.verdict, { verified, monitored, ...(changed && { changed }) });
}

function absence(r: AbsentResult): string {
  if (r.greatest === undefined) return "Proven absent: there is no such label.";
  return `Proven absent: there is no version ${r.version ?? ""}. The newest is ${r.greatest}.`;
}

/** Describes an answer. `typed` is what the visitor typed. */
export async function describeAnswer(
  r: LookupResult | AbsentResult,
  typed: string,
  base: string,
  now: number,
): Promise<Child[]> {
  const head = [el("h2", { class: "subject" }, foreign(r.label)), respelled(r.label, typed)];
  if (r.kind === "absent") return [...head, describeAbsence(r)];
  const value = await readValue(r.value);
  return [
    ...head,
    ...(await describeBefore(r, value, now)),
    ...describeValue(r, value, now),
    el("h3", {}, "Who checked what"),
    describeChecks(r),
    el("h3", {}, "Where it is"),
    whereabouts(r, base),
  ];
}

function respelled(label: string, typed: string): HTMLElement | undefined {
  if (label === typed) return undefined;
  return el("p", {}, "You typed ", foreign(typed), "; the directory knows it under the label above.");
}

function describeAbsence(r: AbsentResult): HTMLElement {
  const [state, ...who] = logChecked(r.witness);
  return el(
    "dl",
    { class: "facts checks" },
    el("dt", {}, "That it is not there"),
    el("dd", {}, el("span", { class: "state", "data-state": "good" }, "your browser")),
    el("dt", {}, "That others are shown the same log"),
    el("dd", {}, el("span", { class: "state", "data-state": state }, ...who)),
    ...fact("As of", `${r.head.treeSize} log entries, `, time(r.head.time)),
  );
}

/** What this browser saw before, and what has changed since. */
async function describeBefore(r: LookupResult, value: ReadValue, now: number): Promise<HTMLElement[]> {
  const { before } = r;
  if (!before) return [];
  const title = el("h3", {}, "What changed since this browser last looked");
  const when = el("p", {}, `It saw version ${before.version} on `, time(before.at), ".");
  const old = before.value && (await readValue(before.value));
  if (before.value && old?.kind === "other") return [title, when, ...describeUnread(before.value, old.why)];
  if (old?.kind !== "keys" || value.kind !== "keys") {
    const hash = el("p", {}, "That value had the SHA-256 ", code(encodeHex(before.sha256)), ".");
    return [title, when, hash];
  }
  return [
    title,
    when,
    await describeChanges({ keys: old.keys, at: before.at }, { keys: value.keys, at: now }),
  ];
}

function describeValue(r: LookupResult, value: ReadValue, now: number): HTMLElement[] {
  if (value.kind === "other") return [el("h3", {}, "Value"), ...describeUnread(r.value, value.why)];
  const count = value.keys.length === 1 ? "1 key" : `${value.keys.length} keys`;
  const account = r.account && el("p", {}, "This version is ", accountState(r.account), ".");
  const announced =
    r.account?.announced === undefined
      ? undefined
      : el(
          "p",
          { class: "notice", "data-state": "warn" },
          "It announces another account key: ",
          code(r.account.announced),
        );
  return [el("h3", {}, count), account, announced, keyCards(value.keys, now)].filter(
    (child) => child !== undefined,
  );
}

function whereabouts(r: LookupResult, base: string): HTMLElement {
  const entry = el("a", { href: `${base}/log/${r.logEntry}` }, `log entry ${r.logEntry}`);
  const of = r.logEntryTime === undefined ? [] : [", of ", time(r.logEntryTime)];
  return el(
    "dl",
    { class: "facts" },
    ...fact("Version", `${r.version}${r.greatest ? ", the newest" : ""}`),
    ...fact("Where the search ends", entry, ...of),
    ...fact("As of", `${r.head.treeSize} log entries, the last one of `, time(r.head.time)),
    ...fact("SHA-256 of the value", code(encodeHex(r.sha256))),
  );
}
