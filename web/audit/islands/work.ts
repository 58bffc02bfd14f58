/** Long work: it tells how far it has come, and can be stopped. */
import type { OperationOptions, Progress } from "@ghostlight/client";
import { button, el } from "./dom.js";
import type { Shown } from "./verdict.js";

/** After how many milliseconds the visitor is told that it takes long. */
const long = 6_000;

/** That the visitor stopped the work. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

/** What a verdict element shows of work that was stopped. */
export const shownStopped: Shown = {
  badge: "unchecked",
  headline: "You stopped this before it was done.",
  reason: "What was verified until then stays in this browser, and nothing else.",
  checkedBy: [],
};

/**
 * Does work while a place shows how far it has come, with a button that stops it. The place is
 * empty afterwards. Rejects with Stopped if the button was used, and otherwise as the work does.
 */
export async function working<T>(
  place: HTMLElement,
  what: string,
  work: (options: Required<OperationOptions>) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const busy = busyElement(what, () => controller.abort());
  place.replaceChildren(busy.element);
  const timer = setTimeout(busy.tellLong, long);
  try {
    return await work({ signal: controller.signal, progress: busy.show });
  } catch (error) {
    throw controller.signal.aborted ? new Stopped() : error;
  } finally {
    clearTimeout(timer);
    busy.element.remove();
  }
}

function busyElement(what: string, stop: () => void) {
  const bar = el("progress", { "aria-label": what });
  const step = el("p", { class: "step" });
  const said = el("p", { class: "what", role: "status" }, what);
  const element = el("div", { class: "busy" }, said, bar, step, button("Stop", stop));
  element.lastElementChild?.classList.add("quiet");
  return {
    element,
    show: (p: Progress) => showProgress(bar, step, p),
    tellLong: () => said.append(" The directory or the network is slow. You can wait, or stop."),
  };
}

function showProgress(bar: HTMLProgressElement, step: HTMLElement, p: Progress): void {
  if (p.total === undefined || p.total === 0) {
    bar.removeAttribute("value");
    step.textContent = p.step;
    return;
  }
  bar.max = p.total;
  bar.value = p.done;
  step.textContent = `${p.step}: ${p.done} of ${p.total}`;
}
