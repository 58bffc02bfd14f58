import { Refusal } from "./errors.js";
import * as ibst from "./ibst.js";
import { type Walk, name } from "./walk.js";

/** The part of the frontier that a greatest-version search inspects, from left to right. */
function searchedFrontier(w: Walk): number[] {
  return ibst.frontierFrom(w.rightmostDistinguished() ?? ibst.root(w.size), w.size);
}

/**
 * Searches the frontier, from the rightmost distinguished entry on, for `target` as the greatest
 * version of a label: KEYTRANS, "Greatest-Version Search". Returns the terminal entry: the
 * leftmost inspected one that contains it.
 */
export function greatestVersion(w: Walk, target: number): number {
  let terminal: number | undefined;
  for (const position of searchedFrontier(w)) {
    const order = w.searchLadder(position, target, true);
    if (order === "greater") {
      w.reject(
        new Refusal("proof", `entry ${position} holds a version above the claimed greatest, ${target}`),
      );
    } else if (order === "equal") {
      terminal ??= position;
    } else if (position === w.size - 1) {
      w.reject(new Refusal("proof", `the rightmost entry lacks the claimed greatest version ${target}`));
    } else {
      w.lacking = position;
    }
  }
  return terminal ?? 0; // without one, the walk holds a rejection
}

/**
 * Searches the frontier as every greatest-version search does, for versions above `greatest`,
 * undefined for none: docs/extensions.md, "ghostlight absence".
 */
export function nothingBeyond(w: Walk, greatest: number | undefined): void {
  if (greatest !== undefined) {
    greatestVersion(w, greatest);
    return;
  }
  for (const position of searchedFrontier(w)) w.expectClaimed(position, undefined, true);
}

/**
 * Searches for the first entry that contained `target`: KEYTRANS, "Fixed-Version Search".
 * Returns the terminal entry. Throws a Refusal "no-version" or "expired" if the search ends
 * without success.
 */
export function fixedVersion(w: Walk, target: number): number {
  let anyExpired = false;
  const anchors: number[] = []; // unexpired distinguished entries inspected
  let above: number | undefined; // the leftmost entry that holds a greater version
  let span: ibst.Span | undefined = w.root();
  while (span) {
    const { position }: ibst.Span = span;
    const timestamp = w.timestamp(position);
    const right = () => ibst.rightSpan(span as ibst.Span, timestamp, w.size);
    if (w.expired(timestamp)) {
      // step 1
      anyExpired = true;
      span = right();
      continue;
    }
    if (w.distinguished(span)) anchors.push(position);
    const order = w.searchLadder(position, target, true); // step 2
    if (order === "less") {
      // step 3
      w.lacking = position;
      span = right();
    } else if (order === "greater") {
      // step 4
      above = position; // each is to the left of the one before
      span = ibst.leftSpan(span, timestamp);
    } else {
      // step 5
      if (anyExpired && !anchors.some((a) => a <= position)) throw versionExpired(target);
      return position;
    }
  }
  if (above === undefined) throw noVersion(target); // step 6
  const leftmost = above;
  // SPEC: Clients MUST NOT accept a proof where the identified log entry is itself the leftmost
  // unexpired and distinguished log entry.
  if (anyExpired && !anchors.some((a) => a < leftmost)) throw versionExpired(target);
  if (w.firstMissing(leftmost, [target]) !== undefined) throw noVersion(target);
  return leftmost;
}

const noVersion = (version: number) =>
  new Refusal("no-version", `version ${name(version)} of the label does not exist`);

const versionExpired = (version: number) =>
  new Refusal("expired", `version ${name(version)} of the label has expired`);

/**
 * Tells whether a search that ended at `terminal` obliges the user to monitor: it is to the
 * right of every distinguished entry.
 */
export function mustMonitor(w: Walk, terminal: number): boolean {
  const distinguished = w.rightmostDistinguished();
  return distinguished === undefined || terminal > distinguished;
}
