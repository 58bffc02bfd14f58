/** The part that verifies files: on the page of a directory, and in the page without a server. */
import type { Client } from "@ghostlight/client";
import { openSignedHeads, type Basis, type RecentHeads } from "./basis.js";
import { button, el } from "./dom.js";
import { examine, openFile, type Context, type Opened } from "./examine.js";
import { nothing, reasonOf, type Examined } from "./examined.js";
import { fileDrop, maxFiles, type Given } from "./filedrop.js";
import style from "./files.css";
import type { TopVerdict } from "./filesverdict.js";
import { holdAgainst, type Held } from "./holdagainst.js";
import { resultElement } from "./resultview.js";
import { addStyle } from "./style.js";

/** What is known of the page's directory. Both undefined: there is none. */
export interface Surroundings {
  readonly basis: Basis | undefined;
  readonly client: Client | undefined;
}

/** What was given so far, newest first. */
interface Shown {
  readonly given: Given;
  /** Undefined if it could not be read. */
  readonly opened: Opened | undefined;
}

/** Fills a place with the part. The verdict at the top of the page follows what comes of the files. */
export function verifyFiles(place: HTMLElement, around: Surroundings, top: TopVerdict): void {
  addStyle(style);
  const results = el("section", { class: "results", "aria-label": "Results" });
  const busy = el("p", { class: "examining", role: "status" });
  let shown: readonly Shown[] = [];
  let round = 0;
  const held = holdAgainst(around.basis, () => void show(false));

  /** Examines everything anew: a file may be what another one waits for. */
  async function show(focus: boolean): Promise<void> {
    const mine = ++round;
    const context = contextOf(shown, held, around);
    const examined: Examined[] = [];
    for (const one of shown) {
      busy.textContent = `Verifying: ${one.given.name}`;
      await nextFrame();
      examined.push(await examineOne(one, shown, context));
      if (mine !== round) return;
    }
    busy.textContent = "";
    results.replaceChildren(...examined.map(resultElement), ...(examined.length > 0 ? [remove] : []));
    top.setFiles(examined);
    if (focus) results.querySelector("h3")?.focus();
  }

  const remove = button("Remove all files", () => {
    shown = [];
    void show(false);
    place.querySelector("input")?.focus(); // the button is gone
  });
  remove.className = "quiet";
  const take = (files: Given[]) => {
    const fresh = files.map((given) => ({
      given,
      opened: "bytes" in given ? openFile(given.name, given.bytes) : undefined,
    }));
    shown = [...fresh, ...shown].slice(0, maxFiles);
    void show(true);
  };
  const drop = fileDrop({
    id: "verify",
    label: "Or paste the text of one",
    action: "Verify what is pasted",
    take,
  });
  place.replaceChildren(drop, busy, results, held.element);
}

/** Lets the page show what was changed. */
function nextFrame(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function openedOf(shown: readonly Shown[]): Opened[] {
  return shown.flatMap(({ opened }) => opened ?? []);
}

/** What files are examined with, among it what other files have. */
function contextOf(shown: readonly Shown[], held: Held, around: Surroundings): Context {
  const files = openedOf(shown);
  const basis = held.basis(files.flatMap(({ is }) => (is.kind === "configuration" ? [is.encoded] : [])));
  const client = held.isOwn() ? undefined : around.client;
  const now = Date.now();
  const recent = client ? undefined : recentIn(files, basis, now);
  return { basis: recent ? { ...basis, recent } : basis, client, now };
}

/** Heads that the directory signed, if a file has some. The newest file counts. */
function recentIn(files: readonly Opened[], { configuration }: Basis, now: number): RecentHeads | undefined {
  if (!configuration) return undefined;
  for (const { is } of files) {
    if (is.kind !== "heads") continue;
    try {
      const recent = openSignedHeads(configuration, is.heads, now);
      if (recent) return recent;
    } catch {
      // The file's own result says why.
    }
  }
  return undefined;
}

async function examineOne({ given, opened }: Shown, all: readonly Shown[], c: Context): Promise<Examined> {
  if (!opened) {
    const problem = "problem" in given ? given.problem : "";
    return nothing(given.name, "A file.", "This was not read.", problem);
  }
  try {
    return await examine(opened, openedOf(all), c);
  } catch (failure) {
    return nothing(given.name, "A file.", "This could not be verified.", reasonOf(failure));
  }
}
