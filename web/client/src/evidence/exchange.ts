import { lastSize, type View } from "../view.js";
import type { Exchange } from "./format.js";
import { provenView, refuse, under, type Log } from "./log.js";

/** The time of every replay: a log's timeless Verifier does not look at it. */
export const replayTime = 0;

/** A request and its response, and a view that was proven. */
export interface Replay {
  log: Log;
  view: View;
  request: Uint8Array;
  response: Uint8Array;
}

/** Returns what an exchange is verified against. */
export function openExchange(l: Log, x: Exchange): Replay {
  const log = under(l, x.configuration);
  if (x.retainedView === undefined) refuse("the exchange has no retained view");
  const view = provenView(log, x.retainedView, x.retainedConfiguration);
  return { log, view, request: x.request, response: x.response };
}

/** Verifies that a request was for somebody who has the view. */
export function checkLast(view: View, last: number | undefined): void {
  if (lastSize(view) !== last) refuse("the request is not one of somebody who retains this view");
}
