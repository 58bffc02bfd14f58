/** What changed between the keys of two versions. */
import type { Changes, Description } from "@ghostlight/client/keyset";
import { el, type Child } from "./dom.js";
import { keyLine } from "./keys.js";

/** The keys of a version, and a time in ms at which they are looked at. */
export interface KeysAt {
  readonly keys: readonly Description[];
  readonly at: number;
}

/** Compares the keys of two versions. */
export async function describeChanges(old: KeysAt, now: KeysAt): Promise<HTMLElement> {
  const { diff, statusOf } = await import("@ghostlight/client/keyset");
  const changes = diff([...old.keys], [...now.keys]);
  const isExpired = (d: Description, at: number) => statusOf(d, at) === "expired";
  const ended = changes.unchanged.filter((d) => isExpired(d, now.at) && !isExpired(d, old.at));
  const lines = linesOf(changes, ended);
  if (lines.length === 0) return el("p", { class: "empty" }, "Its keys are the same.");
  return el("ul", { class: "diff" }, ...lines);
}

function linesOf(c: Changes, ended: readonly Description[]): HTMLElement[] {
  const as = changeLine;
  const same = c.unchanged.length - ended.length;
  return [
    ...c.added.map((d) => as("+", "added: ", keyLine(d))),
    ...c.removed.map((d) => as("−", "removed: ", keyLine(d))),
    ...c.replaced.map((r) => as("⇄", "replaced", row("was ", r.old), row("now ", r.new))),
    ...c.updated.map((u) => updated(u.old, u.new)),
    ...ended.map((d) => as("⌛", "expired: ", keyLine(d))),
    ...(same > 0 ? [as("=", same === 1 ? "one key is as before" : `${same} keys are as before`)] : []),
  ];
}

const row = (word: string, d: Description) => el("div", {}, word, keyLine(d));

function updated(old: Description, now: Description): HTMLElement {
  if (now.revoked && !old.revoked) return changeLine("✕", "revoked: ", keyLine(now));
  const what: string[] = [];
  if (old.name !== now.name) what.push("another name");
  if (old.expires !== now.expires) what.push("another end of its validity");
  if (String(old.purposes) !== String(now.purposes)) what.push("other purposes");
  const how = what.length > 0 ? ` (${what.join(", ")})` : "";
  return changeLine("~", "updated: ", keyLine(now), how);
}

function changeLine(sign: string, ...content: Child[]): HTMLElement {
  return el("li", {}, el("span", { class: "sign", "aria-hidden": "true" }, sign), el("div", {}, ...content));
}
