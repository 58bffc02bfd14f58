/** What monitors say, in a word each, for pages that link to them. */
import { places } from "./dom.js";
import { askMonitor } from "./monitorask.js";
import { badgeElement } from "./monitorwords.js";
import type { View } from "./view.js";

/** Asks each monitor of the overview's list, and adds what it says. Throws nothing. */
export async function fillMonitorLines(view: View): Promise<void> {
  const lines = places("monitors").flatMap((place) => [
    ...place.querySelectorAll<HTMLElement>("li[data-monitor]"),
  ]);
  await Promise.all(lines.map((line) => fill(line, view)));
}

async function fill(line: HTMLElement, view: View): Promise<void> {
  const url = new URL(line.dataset["monitor"] ?? "", location.href).href.replace(/\/+$/, "");
  try {
    const said = await askMonitor(url, view.configuration);
    if (said.watches) line.append(" says: ", badgeElement(said.badge));
    else line.append(" does not watch this directory");
  } catch {
    line.append(" could not be asked");
  }
}
