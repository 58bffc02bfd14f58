/** What a visitor asks about: a label, and perhaps a version. A label is never in a URL but in its fragment. */
import { normalizeLabel, Refusal } from "@ghostlight/client";
import { sentence } from "./outcome.js";

/** A question. */
export interface Asked {
  /** The label as it was typed. */
  readonly typed: string;
  /** The label under which the directory knows it. */
  readonly label: string;
  /** Undefined: the newest. */
  readonly version: number | undefined;
}

/** That what was typed cannot be asked. The message is for people. */
export class NoQuestion extends Error {
  override readonly name = "NoQuestion";
}

/** Makes a question of what was typed. Throws a NoQuestion. */
export function questionOf(typed: string, version: string): Asked {
  return { typed, label: labelOf(typed), version: versionOf(version.trim()) };
}

function labelOf(typed: string): string {
  try {
    return normalizeLabel(typed);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const why = error.message.replace(/^malformed label: /, "");
    throw new NoQuestion(`This cannot be a label: ${sentence(why).toLowerCase()} Nothing was sent.`);
  }
}

function versionOf(text: string): number | undefined {
  if (text === "") return undefined;
  const version = Number(text);
  if (!/^\d{1,10}$/.test(text) || version > 0xffffffff) {
    throw new NoQuestion("A version is a whole number, the first is 0. Leave it empty for the newest.");
  }
  return version;
}

/** What is typed in a form, whose field for a version may be missing. */
export function typedIn(form: HTMLFormElement): { label: string; version: string } {
  const data = new FormData(form);
  const text = (name: string) => String(data.get(name) ?? "");
  return { label: text("label"), version: text("version") };
}

/** Types into a form. */
export function typeInto(form: HTMLFormElement, label: string, version: string): void {
  for (const [name, text] of Object.entries({ label, version })) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement) field.value = text;
  }
}

/** What a permalink's fragment asks for: "#label=…&version=…". Undefined if it asks for nothing. */
export function readFragment(hash: string): { label: string; version: string } | undefined {
  const parameters = new URLSearchParams(hash.slice(1).replaceAll("+", "%2B"));
  const label = parameters.get("label");
  return label === null ? undefined : { label, version: parameters.get("version") ?? "" };
}

/** The fragment of a permalink. Browsers send it to nobody, and remember it. */
export function fragmentOf(label: string, version?: number): string {
  const suffix = version === undefined ? "" : `&version=${version}`;
  return `#label=${encodeURIComponent(label)}${suffix}`;
}
