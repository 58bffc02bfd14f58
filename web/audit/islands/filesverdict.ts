/** The verdict at the top of a page that verifies files: the worst of those on the files. */
import type { Badge, Checker } from "@ghostlight/client";
import { el, foreign } from "./dom.js";
import type { Examined } from "./examined.js";
import { badges, showVerdict, type Shown } from "./verdict.js";

/** What is shown while there is no file. */
export const noFile: Shown = {
  badge: "unchecked",
  headline: "No file was verified yet.",
  reason: "Give this page one. It stays in this browser: nothing is sent anywhere.",
  checkedBy: [],
};

const worstFirst: readonly Badge[] = ["misbehaviour", "changed", "unchecked", "monitored", "verified"];

/** Headlines for one file, and for several. */
const headlines: Readonly<Record<Badge, readonly [one: string, several: string]>> = {
  misbehaviour: ["The file shows misbehaviour.", "At least one file shows misbehaviour."],
  changed: ["Look at what the file shows.", "Look at what at least one file shows."],
  unchecked: ["The file was not verified.", "Not every file was verified."],
  monitored: [
    "The file verifies, and has to be monitored still.",
    "Every file verifies, and at least one has to be monitored still.",
  ],
  verified: ["The file verifies.", "Every file verifies."],
};

/** The page's verdict element. */
export class TopVerdict {
  readonly #section: HTMLElement;
  #page: Shown;
  #files: Shown | undefined;

  /** `page` is what is shown without files. */
  constructor(section: HTMLElement, page: Shown) {
    this.#section = section;
    this.#page = page;
    this.#show();
  }

  /** Changes what is shown without files. */
  setPage(page: Shown): void {
    this.#page = page;
    this.#show();
  }

  /** Shows what came of the files that there are. */
  setFiles(files: readonly Examined[]): void {
    this.#files = worstOf(files);
    this.#show();
  }

  #show(): void {
    // What the directory has signed is no better for what files hold.
    const page = this.#page.badge === "misbehaviour";
    showVerdict(this.#section, page ? this.#page : (this.#files ?? this.#page));
  }
}

/** The worst verdict on files; undefined if there are none. */
export function worstOf(files: readonly Examined[]): Shown | undefined {
  const badge = worstFirst.find((b) => files.some(({ shown }) => shown.badge === b));
  if (badge === undefined) return undefined;
  const worst = files.filter(({ shown }) => shown.badge === badge);
  const names = worst.slice(0, 1).map(({ name }) => foreign(name));
  const counts = worstFirst
    .map((b) => [b, files.filter(({ shown }) => shown.badge === b).length] as const)
    .filter(([, count]) => count > 0)
    .map(([b, count]) => `${badges[b]}: ${count}`);
  return {
    badge,
    headline: headlines[badge][files.length === 1 ? 0 : 1],
    reason: el(
      "span",
      {},
      files.length === 1 ? "" : `Of ${files.length} files, ${counts.join("; ")}. `,
      files.length === 1 ? "It is " : "This verdict is on ",
      ...names,
      worst.length > 1 ? ` and ${worst.length - 1} more. ` : ". ",
      "What was found is below.",
    ),
    checkedBy: checkersOf(worst),
  };
}

/** Who checked files, each once. */
function checkersOf(files: readonly Examined[]): Checker[] {
  const all = files.flatMap(({ shown }) => shown.checkedBy);
  return [...new Map(all.map((checker) => [JSON.stringify(checker), checker])).values()];
}
