/** Digits that people read out to each other, and what somebody typed of them. */

/** How many digits are read out in one breath: the groups of `kt roster digest`. */
export const groupSize = 5;

/** What the QR code of a roster's digest begins with. */
const qrPrefix = "GHOSTLIGHT-ROSTER:1:";

/** What a comparison of digits says. Groups are counted from 1. */
export type DigitsComparison =
  | { readonly kind: "same" }
  | { readonly kind: "empty" }
  /** It has something that is neither a digit nor between digits. */
  | { readonly kind: "foreign"; readonly character: string }
  /** So far it is the same. */
  | { readonly kind: "unfinished"; readonly missing: number; readonly group: number }
  /** It would be the same with as many digits more, or fewer, in a group. */
  | { readonly kind: "slip"; readonly missing: number; readonly group: number }
  /** The number of digits is another one, and more than that is. */
  | { readonly kind: "length"; readonly digits: number; readonly group: number }
  /** In one group, two neighbours changed places. */
  | { readonly kind: "swapped"; readonly group: number }
  | { readonly kind: "different"; readonly groups: readonly number[] };

/** Digits in groups. */
export function groupsOf(digits: string, size: number = groupSize): string[] {
  return digits.match(new RegExp(`.{1,${size}}`, "g")) ?? [];
}

/** The first digit of each script that keyboards have, beside those that NFKC makes ASCII. */
const zeros = [0x0660, 0x06f0, 0x0966];

/** A digit of a script as an ASCII digit; other characters as they are. */
function asciiDigit(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  const zero = zeros.find((z) => point >= z && point < z + 10);
  return zero === undefined ? character : String(point - zero);
}

/**
 * What somebody typed, pasted or scanned, as digits only: without white space, punctuation and
 * what is invisible, and out of the text of a QR code or the JSON of `kt roster digest`. What is
 * neither a digit nor between digits stays in it.
 */
export function digitsIn(text: string): string {
  const typed = fromJson(text.trim()) ?? text.trim();
  const bare = typed.toUpperCase().startsWith(qrPrefix) ? typed.slice(qrPrefix.length) : typed;
  return [...bare.normalize("NFKC")]
    .map(asciiDigit)
    .join("")
    .replace(/[\s\p{P}\p{Z}\p{Cf}|]+/gu, "");
}

function fromJson(text: string): string | undefined {
  if (!text.startsWith("{") || text.length > 1 << 20) return undefined;
  try {
    const { digest } = Object(JSON.parse(text)) as { digest?: unknown };
    return typeof digest === "string" ? digest : undefined;
  } catch {
    return undefined;
  }
}

/** Compares digits with what somebody typed. Only "same" means that they are the same. */
export function compareDigits(own: string, typed: string, size: number = groupSize): DigitsComparison {
  const other = digitsIn(typed);
  if (other === "") return { kind: "empty" };
  const character = /[^0-9]/u.exec(other)?.[0];
  if (character !== undefined) return { kind: "foreign", character };
  if (other === own) return { kind: "same" };
  return other.length === own.length ? compareGroups(own, other, size) : compareLengths(own, other, size);
}

function compareGroups(own: string, other: string, size: number): DigitsComparison {
  const [a, b] = [groupsOf(own, size), groupsOf(other, size)];
  const groups = a.flatMap((group, i) => (group === b[i] ? [] : [i + 1]));
  const [first = 1] = groups;
  const only = groups.length === 1;
  return only && isSwapped(a[first - 1] ?? "", b[first - 1] ?? "")
    ? { kind: "swapped", group: first }
    : { kind: "different", groups };
}

/** Whether two neighbours changed places. */
function isSwapped(a: string, b: string): boolean {
  const at = commonPrefix(a, b);
  return (
    a.slice(at, at + 2) === [...b.slice(at, at + 2)].reverse().join("") && a.slice(at + 2) === b.slice(at + 2)
  );
}

function compareLengths(own: string, other: string, size: number): DigitsComparison {
  const at = commonPrefix(own, other);
  const group = Math.floor(Math.min(at, own.length - 1) / size) + 1;
  const missing = own.length - other.length;
  if (missing > 0 && at === other.length) return { kind: "unfinished", missing, group };
  const [longer, shorter] = missing > 0 ? [own, other] : [other, own];
  const without = longer.slice(0, at) + longer.slice(at + Math.abs(missing));
  if (without === shorter) return { kind: "slip", missing, group };
  return { kind: "length", digits: other.length, group };
}

function commonPrefix(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}

/** What a comparison says, in a sentence or two. */
export function digitsWords(c: DigitsComparison, own: string, size: number = groupSize): string {
  switch (c.kind) {
    case "same":
      return `All ${own.length} digits are the same.`;
    case "empty":
      return "There are no digits yet.";
    case "foreign":
      return `“${c.character}” is no digit. Only digits count, in groups or not, with anything between them.`;
    case "unfinished":
      return `So far they are the same. ${digits(c.missing)} to go, from ${ordinal(c.group)} group on.`;
    case "slip":
      return c.missing > 0
        ? `${digits(c.missing)} seem to be missing in ${ordinal(c.group)} group. The rest is the same: read that group again.`
        : `There seem to be ${digits(-c.missing)} too many in ${ordinal(c.group)} group. The rest is the same: read that group again.`;
    case "length":
      return `There are ${c.digits} digits, and there must be ${own.length}. They differ from ${ordinal(c.group)} group on.`;
    case "swapped":
      return `In ${ordinal(c.group)} group, two neighbours changed places. The rest is the same: read that group again.`;
    case "different":
      return differentWords(c.groups, groupsOf(own, size).length);
  }
}

function differentWords(groups: readonly number[], all: number): string {
  if (groups.length === 1)
    return `The ${bare(groups[0] ?? 1)} group differs, the others are the same: read that group again.`;
  if (groups.length === all) return "All groups differ.";
  const names = groups.map(bare);
  return `The ${names.slice(0, -1).join(", ")} and ${names.at(-1)} group differ, of ${all}.`;
}

const digits = (n: number) => (n === 1 ? "1 digit" : `${n} digits`);
const ordinal = (n: number) => `the ${bare(n)}`;

/** A number as in "the 3rd". */
function bare(n: number): string {
  const suffix = n % 100 >= 11 && n % 100 <= 13 ? undefined : { 1: "st", 2: "nd", 3: "rd" }[n % 10];
  return `${n}${suffix ?? "th"}`;
}
