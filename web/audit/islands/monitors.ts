/** The page of monitors: each is asked what it says of this directory, and goes on telling. */
import type { Badge, Checker } from "@ghostlight/client";
import { foreign, place } from "./dom.js";
import { followMonitor } from "./monitorfollow.js";
import { askMonitor, worst, type Said } from "./monitorask.js";
import { describeSaid, describeSilence } from "./monitorwords.js";
import { proveClaims } from "./monitorproof.js";
import type { Page } from "./page.js";
import { inWords } from "./trouble.js";
import { showVerdict, type Shown } from "./verdict.js";
import { readView, type View } from "./view.js";

/** A monitor that the page links to. */
interface Asked {
  readonly name: string;
  readonly url: string;
  /** Where what it says is shown. */
  readonly said: HTMLElement;
  answer?: Said;
  /** Its evidence was verified here. */
  proven?: boolean;
}

export async function run(page: Page): Promise<void> {
  const view = await readView(page);
  const monitors = [...place("monitors").querySelectorAll<HTMLElement>("[data-monitor]")].map(readMonitor);
  await Promise.all(monitors.map((monitor) => ask(monitor, view)));
  summarize(monitors, view);
  for (const monitor of monitors) {
    followMonitor(monitor.url, async () => {
      await ask(monitor, view);
      summarize(monitors, view);
    });
  }
}

function readMonitor(card: HTMLElement): Asked {
  const said = document.createElement("div");
  card.querySelector("h2")?.after(said);
  const url = new URL(card.dataset["monitor"] ?? "", location.href).href.replace(/\/+$/, "");
  return { name: card.querySelector("h2 bdi")?.textContent ?? url, url, said };
}

/** Asks a monitor and shows what it says. What it said before does not count as an answer. */
async function ask(monitor: Asked, view: View): Promise<void> {
  try {
    monitor.answer = await askMonitor(monitor.url, view.configuration);
    monitor.proven = await proveClaims(monitor.url, monitor.answer, view);
    replace(monitor.said, describeSaid(monitor.name, monitor.url, monitor.answer, monitor.proven));
  } catch (failure) {
    delete monitor.answer;
    replace(monitor.said, describeSilence(monitor.name, inWords(failure)));
  }
}

/** Shows something in a place, unless the visitor is in the middle of it: then when they leave. */
function replace(place: HTMLElement, nodes: readonly Node[]): void {
  if (!place.contains(document.activeElement)) {
    place.replaceChildren(...nodes);
    return;
  }
  place.addEventListener("focusout", () => setTimeout(() => replace(place, nodes)), { once: true });
}

function summarize(monitors: readonly Asked[], view: View): void {
  showVerdict(place("verdict"), summaryOf(monitors, view));
}

function summaryOf(monitors: readonly Asked[], view: View): Shown {
  const watching = monitors.filter((monitor) => monitor.answer?.watches);
  const checkedBy: Checker[] = watching.map(({ name }) => ({ kind: "monitor", name }));
  const rest = monitors.length - watching.length;
  const silent =
    rest === 0 ? "" : ` ${rest === 1 ? "One" : rest} more could not be asked, or does not watch it.`;
  if (watching.length === 0) return nobody(monitors.length, view);
  const proof = watching.find((monitor) => monitor.proven);
  if (proof) {
    return {
      badge: "misbehaviour",
      headline: "The directory has misbehaved: your browser verified a monitor’s evidence.",
      reason: foreign(proof.name),
      checkedBy: [{ kind: "browser" }, ...checkedBy],
    };
  }
  const badge = worst(watching.map((monitor) => monitor.answer?.badge ?? "unchecked"));
  return {
    badge: claimed(badge),
    headline: headlineOf(badge, watching.length),
    reason: reasonOf(badge) + silent,
    checkedBy,
  };
}

function nobody(asked: number, view: View): Shown {
  const whose = view.host.kind === "operator" ? "the operator" : "the monitor that shows this page";
  return {
    badge: "unchecked",
    headline: asked === 0 ? "There is no monitor to ask." : "No monitor could be asked about this directory.",
    reason: asked === 0 ? `None is named by ${whose}.` : "What each of them answered is below.",
    checkedBy: [],
  };
}

/** The badge of what is only said: to prove misbehaviour takes evidence that is verified here. */
function claimed(badge: Badge): Badge {
  return badge === "misbehaviour" ? "changed" : badge;
}

function headlineOf(badge: Badge, count: number): string {
  switch (badge) {
    case "verified":
    case "monitored":
      return count === 1
        ? "A monitor says that everything it checks is as it should be."
        : `${count} monitors say that everything they check is as it should be.`;
    case "changed":
      return "A monitor says that something changed which nobody announced.";
    case "unchecked":
      return "A monitor says that it could not check everything.";
    case "misbehaviour":
      return "A monitor says that the directory has misbehaved. Your browser has not seen the proof.";
  }
}

function reasonOf(badge: Badge): string {
  if (badge === "verified") {
    return "Your browser asked them itself, but cannot repeat what they checked. Whoever runs this page chose them.";
  }
  return "What each of them says is below.";
}
