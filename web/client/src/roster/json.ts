import { Refusal } from "../errors.js";

/** Reads the value of a member of an object, or an element of an array. */
export type Read = () => void;

/**
 * A reader of the JSON that rosters are: objects with known members, arrays and strings, in a
 * depth that the caller decides. JSON.parse takes a member twice, and half a surrogate pair;
 * and it builds whatever there is before anybody can look at it.
 *
 * Every method throws a Refusal of the kind "malformed".
 */
export class JSONReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Reads an object with these members, in any order, each at most once. */
  object(known: Readonly<Record<string, Read>>, required: readonly string[]): void {
    this.#open("{", "an object");
    const seen = new Set<string>();
    while (this.#more("}", seen.size === 0)) {
      const name = this.string();
      const read = Object.hasOwn(known, name) ? known[name] : undefined;
      if (!read) refuse(`${quote(name)} is not known here`);
      if (seen.has(name)) refuse(`${quote(name)} is there twice`);
      seen.add(name);
      if (this.#next() !== ":") this.#wrong("a colon");
      this.#at++;
      within(`${name}: `, read);
    }
    for (const name of required) if (!seen.has(name)) refuse(`${quote(name)} is missing`);
  }

  /** Reads an array of at most `most` things. Errors of `each` tell its number, from 1. */
  array(most: number, things: string, each: Read): void {
    this.#open("[", "an array");
    for (let n = 1; this.#more("]", n === 1); n++) {
      if (n > most) refuse(`more than ${most} ${things}`);
      within(`number ${n} `, each);
    }
  }

  /** Reads a string without half surrogate pairs, and without U+FFFD, which stands for them. */
  string(): string {
    if (this.#next() !== '"') this.#wrong("a string");
    const raw = this.#text.slice(this.#at, this.#stringEnd(this.#at + 1));
    this.#at += raw.length;
    const s = raw.includes("\\") ? unescape(raw) : raw.slice(1, -1);
    if (/[\p{Cs}\ufffd]/u.test(s)) refuse("a string that is not UTF-8");
    return s;
  }

  /** Verifies that nothing follows. */
  end(): void {
    if (this.#next() !== undefined) refuse(`something follows at character ${this.#at}`);
  }

  /** The end of a string whose first character is at a place. */
  #stringEnd(from: number): number {
    for (let at = from; ;) {
      special.lastIndex = at;
      const m = special.exec(this.#text);
      if (m?.[0] === '"') return m.index + 1;
      if (m?.[0] !== "\\") refuse(`not JSON: a string that does not end well, near character ${from}`);
      at = m.index + 2;
    }
  }

  #open(delim: string, what: string): void {
    if (this.#next() !== delim) this.#wrong(what);
    this.#at++;
  }

  /** Whether another member or element follows; if not, reads the end. */
  #more(end: string, first: boolean): boolean {
    const c = this.#next();
    if (c === end) {
      this.#at++;
      return false;
    }
    if (first) return true;
    if (c !== ",") this.#wrong(`a comma or ${end}`);
    this.#at++;
    return true;
  }

  #next(): string | undefined {
    space.lastIndex = this.#at;
    this.#at += space.exec(this.#text)?.[0].length ?? 0;
    return this.#text[this.#at];
  }

  #wrong(want: string): never {
    const c = this.#text[this.#at];
    if (c === undefined) refuse("the JSON ends too early");
    if (this.#text.startsWith("null", this.#at)) refuse("null: leave out what is not known");
    refuse(`${JSON.stringify(c)} at character ${this.#at}, and not ${want}`);
  }
}

const space = /[ \t\r\n]*/y;
const special = /["\\\u0000-\u001f]/g;

function unescape(raw: string): string {
  try {
    return JSON.parse(raw) as string;
  } catch {
    refuse("not JSON: a string with an escape that there is not");
  }
}

function within(where: string, read: Read): void {
  try {
    read();
  } catch (e) {
    if (e instanceof Refusal) throw new Refusal(e.kind, where + e.message);
    throw e;
  }
}

/** Quotes what a document has, for people. */
export function quote(s: string): string {
  return JSON.stringify(s.length > 64 ? s.slice(0, 64) : s);
}

/** Refuses a document. */
export function refuse(what: string): never {
  throw new Refusal("malformed", what);
}
