import { normalForm } from "./label.js";
import { skeleton, spanOf } from "./skeleton.js";

/** In which way a label may deceive: the words of docs/labels.md. */
export type LabelWarningKind = "invisible" | "looks-ascii" | "mixed-scripts" | "mixed-digits";

/** One thing about a label that its reader should know. The text is for people. */
export interface LabelWarning {
  kind: LabelWarningKind;
  text: string;
}

/**
 * Returns what about a label may deceive the eye, in a fixed order. A label in ASCII has
 * nothing. The parts between ASCII characters that are neither letters nor digits are judged
 * one by one: an address with a Cyrillic name at a Latin domain is nothing strange.
 */
export function labelWarnings(label: string): LabelWarning[] {
  if (isASCII(label)) return [];
  const parts = label.split(/[\0-/:-@[-`{-\x7f]+/).filter((p) => p !== "");
  const all = [invisible(label)];
  for (const check of [looksASCII, mixedScripts, mixedDigits]) all.push(...parts.map(check));
  return all.filter((w) => w !== undefined);
}

function isASCII(s: string): boolean {
  return !/[^\0-\x7f]/.test(s);
}

// Controls, formats, private use, half a surrogate pair; spaces but U+0020; and a letter's
// cell without a dot, which is no space to Unicode.
const strange = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u2800]/u;

/** Names the characters of the label that cannot be seen or recognised. */
function invisible(label: string): LabelWarning | undefined {
  const found: string[] = [];
  for (const c of label) {
    const span = spanOf(c);
    if (span?.scripts.length && !strange.test(c)) continue;
    if (found.at(-1) !== pointOf(c)) found.push(pointOf(c));
  }
  if (!found.length) return undefined;
  const text = "it has characters that cannot be seen or are not known: " + limit(found).join(", ");
  return { kind: "invisible", text };
}

/**
 * Tells of a part that is ASCII to the eye, or that has a separator which is none.
 * Compatibility characters count by what they are compatible with.
 */
function looksASCII(part: string): LabelWarning | undefined {
  const like = skeleton(normalForm(part, "NFKC"));
  if (isASCII(part) || like === "") return undefined;
  if (isASCII(like)) {
    const text = `${quote(part)} is not ASCII, but looks like it: it can be taken for another label`;
    return { kind: "looks-ascii", text };
  }
  for (const c of part) {
    const sign = skeleton(normalForm(c, "NFKC"));
    if (!isASCII(c) && /^[@.\-_+/\\:,;'"` ]+$/.test(sign)) {
      return {
        kind: "looks-ascii",
        text: `${pointOf(c)} in ${quote(part)} looks like ${quoteASCII(sign)}, and is not`,
      };
    }
  }
  return undefined;
}

// Scripts that are written together (UTS 39, Section 5.2: Highly Restrictive).
const together = [
  ["Han", "Hiragana", "Katakana", "Latin"],
  ["Han", "Hangul", "Latin"],
  ["Han", "Bopomofo", "Latin"],
];

/** Tells of a part with letters of scripts that are not written together. */
function mixedScripts(part: string): LabelWarning | undefined {
  const sets: (readonly string[])[] = [];
  for (const c of part) {
    const scripts = spanOf(c)?.scripts ?? [];
    if (scripts.length && !scripts.includes("Common") && !scripts.includes("Inherited")) sets.push(scripts);
  }
  const fits = (scripts: readonly string[]) => sets.every((set) => set.some((s) => scripts.includes(s)));
  if (!sets.length || sets[0]?.some((s) => fits([s])) || together.some(fits)) return undefined;
  const text = `${quote(part)} mixes letters of ${limit(names(sets)).join(" and ")}`;
  return { kind: "mixed-scripts", text };
}

function names(sets: (readonly string[])[]): string[] {
  const all = [...new Set(sets.filter((set) => set.length === 1).flat())];
  return all.length < 2 ? [...all, "another script"] : all;
}

/** Tells of decimal digits of more than one system (UTS 39, Section 5.3). */
function mixedDigits(part: string): LabelWarning | undefined {
  const zeros = new Set(Array.from(part).filter(isDigit).map(zeroOf));
  if (zeros.size < 2) return undefined;
  return {
    kind: "mixed-digits",
    text: `${quote(part)} has digits of several systems, which may be taken for each other`,
  };
}

const isDigit = (c: string): boolean => /\p{Nd}/u.test(c);

/** The first of the ten digits that one is among: Unicode assigns them in a row, and rows one after the other. */
function zeroOf(c: string): number {
  const point = c.codePointAt(0) ?? 0;
  let first = point;
  while (first > 0 && isDigit(String.fromCodePoint(first - 1))) first--;
  return point - ((point - first) % 10);
}

/** Shows a part with the code points of what is not ASCII in it. */
function quote(part: string): string {
  const points = Array.from(part)
    .filter((c) => !isASCII(c))
    .map(pointOf);
  const shown = part.replace(/[^\p{L}\p{Nd}\x20-\x7e]/gu, "");
  return `${quoteASCII(shown)} (${limit(points).join(" ")})`;
}

function quoteASCII(s: string): string {
  return `"${s.replace(/["\\]/g, "\\$&")}"`;
}

function pointOf(c: string): string {
  return "U+" + (c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}

/** A warning names at most eight characters. */
function limit(list: string[]): string[] {
  return list.length > 8 ? [...list.slice(0, 8), "..."] : list;
}
