/** The answer to a question about times of which only bounds are known. */
export type Answer = "no" | "maybe" | "yes";

/** When something happened: not before lo, which is -Infinity if there is no such bound, and not after hi. In ms. */
export interface Span {
  lo: number;
  hi: number;
}

function answer(yes: boolean, no: boolean): Answer {
  return no ? "no" : yes ? "yes" : "maybe";
}

/** Whether it happened from one time to another, both included. */
export function within(s: Span, from: number, to: number): Answer {
  return answer(s.lo >= from && s.hi <= to, s.hi < from || s.lo > to);
}

/** Whether it happened after a time. */
export function after(s: Span, time: number): Answer {
  return answer(s.lo > time, s.hi <= time);
}

/** Whether end came no later than so many ms after s. */
export function atMost(s: Span, ms: number, end: Span): Answer {
  if (end.hi - s.lo <= ms) return "yes";
  return end.lo - s.hi > ms ? "no" : "maybe";
}

/** Whether end came later than so many ms after s. */
export function moreThan(s: Span, ms: number, end: Span): Answer {
  const a = atMost(s, ms, end);
  return a === "yes" ? "no" : a === "no" ? "yes" : "maybe";
}

/** Whether a says more clearly than b that something is so. */
export function clearer(a: Answer, b: Answer): boolean {
  const rank = { no: 0, maybe: 1, yes: 2 };
  return rank[a] > rank[b];
}
