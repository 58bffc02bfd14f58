import { normalForm } from "./label.js";
import { confusables, prototypes, rangeGaps, rangeSets, rangeSizes, scriptSets } from "./lookalikes-table.js";

/** What is known of an assigned character: the scripts that it may be of, none if it shows nothing. */
interface Span {
  first: number;
  last: number;
  scripts: readonly string[];
}

const number = (text: string): number => (text === "" ? 0 : parseInt(text, 36));

let prototypeOf: Map<string, string> | undefined;
let spans: Span[] | undefined;

function readPrototypes(): Map<string, string> {
  const targets = prototypes.split(",");
  let next = 0;
  return new Map(
    confusables.split(",").map((gap, i) => {
      const source = next + number(gap);
      next = source + 1;
      const target = (targets[i] ?? "").split(".").map(number);
      return [String.fromCodePoint(source), String.fromCodePoint(...target)];
    }),
  );
}

function readSpans(): Span[] {
  const [sizes, sets] = [rangeSizes.split(","), rangeSets.split(",")];
  const names = scriptSets.split(",").map((s) => (s === "-" ? [] : s.split(" ")));
  let next = 0;
  return rangeGaps.split(",").map((gap, i) => {
    const first = next + number(gap);
    const last = first + number(sizes[i] ?? "");
    next = last + 1;
    return { first, last, scripts: names[number(sets[i] ?? "")] ?? [] };
  });
}

/**
 * What the table knows of a character. Undefined: Unicode has not assigned it. The result's
 * scripts are empty for Default_Ignorable_Code_Point.
 */
export function spanOf(c: string): Span | undefined {
  const all = (spans ??= readSpans());
  const point = c.codePointAt(0) ?? 0;
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((all[middle]?.last ?? 0) < point) low = middle + 1;
    else high = middle;
  }
  const span = all[low];
  return span && span.first <= point ? span : undefined;
}

/**
 * Returns what two strings have in common if and only if they are confusable by UTS 39,
 * Section 4. It is for comparison, not for display. Half a surrogate pair stands for itself.
 */
export function skeleton(s: string): string {
  // SPEC: Convert X to NFD format. Concatenate the prototypes for each character in X
  // according to the specified data, removing Default_Ignorable_Code_Point. Reapply NFD.
  const known = (prototypeOf ??= readPrototypes());
  let out = "";
  for (const c of normalForm(s, "NFD")) {
    if (spanOf(c)?.scripts.length !== 0) out += known.get(c) ?? c;
  }
  return normalForm(out, "NFD");
}
