/** The keys of a value, by their formats. What reads them is loaded when there is a value. */
import type { Description } from "@ghostlight/client/keyset";
import { el, foreign, time } from "./dom.js";
import { weaknessWords } from "./weaknesses.js";

/** A value as far as it could be read. */
export type ReadValue =
  | { readonly kind: "keys"; readonly keys: Description[] }
  /** It is no key set, or one of a version that is not known here. */
  | { readonly kind: "other"; readonly why: string };

/** How long to describe keys before the page may do something else, in milliseconds. */
const slice = 30;

/** Reads a value. Sets that are made to take long do not keep the page from being used. */
export async function readValue(value: Uint8Array): Promise<ReadValue> {
  const { describeEach, NewerRefusal, parseKeySet } = await import("@ghostlight/client/keyset");
  let set;
  try {
    set = parseKeySet(value);
  } catch (error) {
    const newer = error instanceof NewerRefusal;
    const why = newer ? "It is a key set of a newer kind than this page knows." : "It is no key set.";
    return { kind: "other", why };
  }
  const keys: Description[] = [];
  let began = performance.now();
  for (const key of describeEach(set)) {
    keys.push(key);
    if (performance.now() - began < slice) continue;
    await new Promise((resolve) => setTimeout(resolve));
    began = performance.now();
  }
  return { kind: "keys", keys };
}

/** The cards of keys, as of a time in ms. */
export function keyCards(keys: readonly Description[], now: number): HTMLElement {
  if (keys.length === 0)
    return el("p", { class: "empty" }, "The set has no keys: its owner has none at present.");
  return el("ul", { class: "keys" }, ...keys.map((key) => keyCard(key, now)));
}

function keyCard(d: Description, now: number): HTMLElement {
  const states = statesOf(d, now);
  const bad = states.length > 0;
  return el(
    "li",
    { class: "key", "data-state": bad && "bad" },
    el(
      "p",
      { class: "key-head" },
      el("span", { class: "format" }, d.format),
      d.name === undefined ? undefined : named(d.name),
      ...states.flatMap((text) => [" ", el("span", { class: "state", "data-state": "bad" }, text)]),
    ),
    algorithm(d),
    el(
      "dl",
      { class: "facts small" },
      ...fact("Fingerprint", fingerprint(d.fingerprint)),
      ...(d.purposes ? fact("For", d.purposes.join(", ")) : []),
      ...(d.expires === undefined ? [] : fact("Valid until", time(Date.parse(d.expires)))),
      ...(d.weak ?? []).flatMap((word) => fact(`Weak: ${word}`, weaknessWords(word))),
    ),
  );
}

function statesOf(d: Description, now: number): string[] {
  const states: string[] = [];
  if (d.revoked) states.push("revoked");
  if (d.expires !== undefined && now > Date.parse(d.expires)) states.push("expired");
  if (d.weak?.length) states.push("weak");
  return states;
}

function named(name: string): HTMLElement {
  return el("span", { class: "key-name" }, " ", foreign(name));
}

/** What the description tells beside format, fingerprint and name: the algorithm and the like. */
function algorithm(d: Description): HTMLElement | undefined {
  const end = d.description.indexOf(d.fingerprint);
  const words = d.description.slice(d.format.length, Math.max(end, 0)).trim();
  return words === "" ? undefined : el("p", { class: "key-line" }, foreign(words));
}

/** A fingerprint in groups, for reading out. What is copied has no spaces. */
export function fingerprint(text: string): HTMLElement {
  const [, prefix = "", rest = ""] = /^([A-Za-z0-9]+:)?(.*)$/s.exec(text) ?? [];
  const groups = rest.match(/.{1,4}/gs) ?? [];
  const parts = [...(prefix ? [prefix] : []), ...groups];
  return el("code", { class: "fingerprint" }, ...parts.map((part) => el("span", {}, part)));
}

/** A key in a line of text. */
export function keyLine(d: Description): HTMLElement {
  const name = d.name === undefined ? [] : [" ", foreign(d.name)];
  return el("span", { class: "key-in-line" }, d.format, ...name, " ", fingerprint(d.fingerprint));
}

export function fact(name: string, ...value: (Node | string)[]): HTMLElement[] {
  return [el("dt", {}, name), el("dd", {}, ...value)];
}
