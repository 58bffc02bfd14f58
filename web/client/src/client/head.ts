import type { Head } from "../results.js";
import { viewRoot, type View } from "../view.js";

/** What a result says of the log that it rests on. */
export function headOf(view: View): Head {
  const last = view.frontier.at(-1);
  if (!last) return { treeSize: 0, root: new Uint8Array(32), time: 0 };
  return { treeSize: view.head.treeSize, root: viewRoot(view), time: last.timestamp };
}

/** A number of things in words: "1 entry", "2 entries". */
export function countOf(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** A time in words. The year is that of the calendar, also for times beyond it. */
export function timeText(ms: number): string {
  const latest = 8.64e15;
  return new Date(Math.min(ms, latest)).toISOString().replace(/\.\d+Z$/, "Z");
}

/** A date in words. */
export function dateText(ms: number): string {
  return timeText(ms).replace(/T.*/, "");
}
