import * as ibst from "./ibst.js";
import type { Walk } from "./walk.js";

/**
 * How many of the rightmost distinguished log entries count as recent: the definition that
 * KEYTRANS, "Walking Distinguished Heads", leaves to the application.
 */
export const recentHeads = 10;

/** The recent unexpired distinguished log entries to the right of `stop`, from right to left. */
export function recentDistinguished(w: Walk, stop: number | undefined): number[] {
  const out: number[] = [];
  const visit = (span: ibst.Span | undefined): void => {
    if (!span || !w.distinguished(span)) return; // step 1
    const { position } = span;
    const timestamp = w.timestamp(position);
    visit(ibst.rightSpan(span, timestamp, w.size)); // step 2
    if (stop !== undefined && position <= stop) return; // step 3
    if (w.expired(timestamp) || out.length === recentHeads) return; // step 4
    out.push(position);
    visit(ibst.leftSpan(span, timestamp)); // step 5
  };
  visit(w.root());
  return out;
}
