/** The list of the labels that this browser remembers, with what the last round found. */
import { encodeHex, isFailure, type Badge, type OwnResult, type Unexpected } from "@ghostlight/client";
import { fragmentOf } from "./asking.js";
import { button, code, el, foreign, time } from "./dom.js";
import { setFollowed } from "./followlist.js";
import { keyCards, readValue } from "./keys.js";
import { reasonIn, shownOf } from "./outcome.js";
import { shownTrouble, type Open } from "./pagesession.js";
import { rememberedLabels, runRound, type Remembered } from "./rounds.js";
import { badges, showVerdict, verdictElement } from "./verdict.js";
import type { Session } from "./view.js";
import { working } from "./work.js";

const states: Readonly<Record<Badge, string | undefined>> = {
  verified: "good",
  monitored: "good",
  changed: "warn",
  unchecked: undefined,
  misbehaviour: "bad",
};

/** The list in its place on a page. */
export interface RememberedList {
  /** Does a round and shows what came of it. Nothing is shown if nothing is remembered. */
  readonly refresh: () => Promise<void>;
  /** Makes this browser follow a label. */
  readonly follow: (label: string) => Promise<void>;
  /** Makes this browser monitor a label as its owner's. */
  readonly own: (label: string) => Promise<void>;
}

/** The list. Misbehaviour that a round proves is shown in the page's verdict element. */
export function rememberedList(place: HTMLElement, verdict: HTMLElement, open: Open): RememberedList {
  const tell = el("div", { class: "told", "aria-live": "polite" });
  const problem = el("div", { "aria-live": "polite" });
  const parts: Parts = { place, verdict, rows: el("div"), above: [tell, problem] };
  const attempt = async (work: () => Promise<void>) => {
    problem.replaceChildren();
    try {
      await work();
    } catch (error) {
      problem.replaceChildren(verdictElement(shownTrouble(error)));
      if (!place.contains(problem)) place.replaceChildren(problem);
    }
  };
  const refresh = () => attempt(() => round(parts, open, changing));
  const change = async (work: (session: Session) => Promise<OwnResult | void>) => {
    tell.replaceChildren();
    await attempt(async () => {
      const result = await work(await open());
      if (result) tell.replaceChildren(owned(result));
    });
    await refresh();
  };
  const changing: Changing = {
    change,
    accept: (label, version) => change(({ client }) => client.accept(label, version)),
  };
  return {
    refresh,
    follow: (label) => change((session) => setFollowed(session, label, true)),
    own: (label) => change(({ client }) => client.own(label)),
  };
}

/** The elements of the list: `above` is told before the rows. */
interface Parts {
  readonly place: HTMLElement;
  readonly verdict: HTMLElement;
  readonly rows: HTMLElement;
  readonly above: readonly HTMLElement[];
}

/** Does a round, and shows what came of it. */
async function round({ place, verdict, rows, above }: Parts, open: Open, on: Changing): Promise<void> {
  const session = await open();
  const labels = await rememberedLabels(session);
  if (labels.length === 0) {
    place.replaceChildren();
    return;
  }
  if (!place.contains(rows)) place.replaceChildren(...introduction(), ...above, rows);
  const show = (list: readonly Remembered[]) =>
    rows.replaceChildren(el("ul", { class: "remembered" }, ...list.map((r) => rowOf(r, on))));
  try {
    const list = await working(rows, "Checking what this browser remembers.", (o) => runRound(session, o));
    const proven = list.find((r) => r.badge === "misbehaviour");
    if (proven?.failure) reveal(verdict, proven.failure);
    show(list);
  } catch (error) {
    show(labels);
    if (!isFailure(error, "misbehaviour")) throw error;
    reveal(verdict, error);
  }
}

function reveal(verdict: HTMLElement, failure: unknown): void {
  verdict.hidden = false;
  showVerdict(verdict, shownTrouble(failure));
}

function introduction(): HTMLElement[] {
  return [
    el("h2", {}, "Labels that this browser remembers"),
    el(
      "p",
      {},
      "Kept in this browser and nowhere else. It monitors them on each visit, and looks up again those that it follows.",
    ),
  ];
}

/** What came of becoming an owner, or of accepting a version. */
function owned(r: OwnResult): HTMLElement {
  const taken = r.takenOver
    ? "This browser now watches the label as yours. What exists of it counts as yours."
    : undefined;
  const shown = shownOf(r.verdict, taken === undefined ? {} : { verified: taken, monitored: taken });
  return verdictElement(shown);
}

/** What the buttons of a row do. */
interface Changing {
  change(work: (session: Session) => Promise<void>): Promise<void>;
  accept(label: string, version: number): Promise<void>;
}

function rowOf(r: Remembered, on: Changing): HTMLElement {
  const roles = [r.owned ? "yours" : "looked up", ...(r.followed ? ["followed"] : [])].join(", ");
  const version = r.version === undefined ? "" : `, version ${r.version}`;
  const before =
    r.before &&
    el(
      "p",
      {},
      `Version ${r.before.version} was seen on `,
      time(r.before.at),
      ". Look it up for what changed.",
    );
  return el(
    "li",
    {},
    el(
      "p",
      { class: "row-head" },
      el("a", { href: fragmentOf(r.label) }, foreign(r.label)),
      el("span", { class: "role" }, ` ${roles}${version}`),
    ),
    el(
      "p",
      {},
      el("span", { class: "state", "data-state": states[r.badge] }, badges[r.badge]),
      " ",
      reasonIn(r.reason, r.failure?.cause),
    ),
    before,
    ...r.unexpected.map((u) => unexpectedVersion(r.label, u, on)),
    el("p", { class: "row-actions" }, ...actions(r, on)),
  );
}

function actions(r: Remembered, on: Changing): HTMLElement[] {
  const { label } = r;
  const quiet = (text: string, name: string, action: () => void) => {
    const element = button(text, action);
    element.className = "quiet small";
    element.setAttribute("aria-label", `${name}: ${label}`);
    return element;
  };
  const follow = quiet(
    r.followed ? "Do not follow" : "Follow",
    r.followed ? "Do not follow" : "Follow",
    () => {
      void on.change((session) => setFollowed(session, label, !r.followed));
    },
  );
  const forget = quiet("Forget", "Forget", () => {
    void on.change(async (session) => {
      await setFollowed(session, label, false);
      await session.client.forget("contact", label);
      await session.client.forget("owner", label);
    });
  });
  return r.owned ? [forget] : [follow, forget];
}

/** A version of an owned label that its owner has not accepted. */
function unexpectedVersion(label: string, u: Unexpected, on: Changing): HTMLElement {
  const keys = el("div");
  const details = el("details", {}, el("summary", {}, "What it says"), keys);
  details.addEventListener("toggle", () => void fillKeys(keys, u), { once: true });
  const accept = button(`Accept version ${u.version} as mine`, () => void on.accept(label, u.version));
  accept.className = "quiet";
  const when = u.logEntryTime === undefined ? "" : ", of ";
  return el(
    "div",
    { class: "notice", "data-state": "warn" },
    el(
      "p",
      {},
      `Version ${u.version} came with log entry ${u.logEntry}${when}`,
      u.logEntryTime === undefined ? undefined : time(u.logEntryTime),
      ". If you did not publish it, somebody else did in your name: tell your contacts and the directory’s operator.",
    ),
    details,
    el("p", {}, accept),
  );
}

async function fillKeys(place: HTMLElement, u: Unexpected): Promise<void> {
  const value = u.value && (await readValue(u.value));
  if (value?.kind === "keys") place.replaceChildren(keyCards(value.keys, u.foundAt));
  else place.replaceChildren(el("p", {}, "SHA-256 ", code(encodeHex(u.sha256))));
}
