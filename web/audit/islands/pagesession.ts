/** The session of a page whose visitor asks one thing after the other. */
import { isFailure } from "@ghostlight/client";
import { code, el } from "./dom.js";
import { shownFailure } from "./outcome.js";
import type { Page } from "./page.js";
import type { Shown } from "./verdict.js";
import { openSession, type Session } from "./view.js";
import { shownStopped, Stopped } from "./work.js";
import { NoQuestion } from "./asking.js";

/** Opens the session, once. If that fails, the next call tries again. */
export type Open = () => Promise<Session>;

export function sessionOf(page: Page): Open {
  let opened: Promise<Session> | undefined;
  return () =>
    (opened ??= openSession(page).catch((error: unknown) => {
      opened = undefined;
      throw error;
    }));
}

/** What a verdict element shows of a question that was not answered: also what to do then. */
export function shownTrouble(error: unknown): Shown {
  if (error instanceof Stopped) return shownStopped;
  if (error instanceof NoQuestion) {
    return {
      badge: "unchecked",
      headline: "There is nothing to look up.",
      reason: error.message,
      checkedBy: [],
    };
  }
  const shown = shownFailure(error);
  const more = [...(shown.more ?? []), ...advice(error, shown.badge)];
  return { ...shown, more };
}

function advice(error: unknown, badge: Shown["badge"]): HTMLElement[] {
  if (badge === "unchecked" && !navigator.onLine) {
    return [el("p", {}, "This device is offline. Connect it and try again.")];
  }
  if (isFailure(error, "misbehaviour") && error.evidence?.class === "evidence") {
    const command = code(`kt evidence verify ${error.evidence.name}`);
    return [
      el("p", {}, "Everybody who has the file can see that for themselves, and nobody is asked: ", command),
    ];
  }
  return [];
}
