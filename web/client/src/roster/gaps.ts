import { numbers, unconnected } from "./accounts.js";
import { after } from "./span.js";
import { ask, find, sinceOf, type Proven } from "./subject.js";
import { sameKey } from "./timeline.js";

/** Says what of the label could not be checked: where there is nothing to hold the session against, nothing was found. */
export function gaps(s: Proven): void {
  const { newest, last } = s.timeline;
  if (newest.missing !== undefined) {
    const message = `Version ${newest.number} is the greatest, and its value could not be had: ${newest.missing}.`;
    find(s, "could-not-check", "warning", message, { versions: [last] });
  } else if (!newest.set) {
    const message = `The value of version ${newest.number}, the greatest, is no key set.`;
    find(s, "could-not-check", "warning", message, { versions: [last] });
  }
  unconnected(s);
  missing(s);
  truncated(s);
}

/** About older values that could not be had, and may have been shown to somebody since. */
function missing(s: Proven): void {
  const { timeline: t } = s;
  const since = sinceOf(s.member, s.check.window);
  const versions = t.versions.flatMap((v, i) =>
    i < t.last && v.missing !== undefined && t.span(i + 1).hi >= since ? [i] : [],
  );
  const [first] = versions;
  if (first === undefined) return;
  const message = `Values could not be had, so keys may have come and gone there: ${numbers(t, versions)} (${t.version(first).missing}).`;
  find(s, "could-not-check", "warning", message, { versions });
}

/**
 * About a history that does not go back to the time from which versions matter. An account key
 * that the user knew before then, and that signed all since, is as good.
 */
function truncated(s: Proven): void {
  const { timeline: t } = s;
  const reaches = after(t.span(0), sinceOf(s.member, s.check.window));
  if (t.history.complete || reaches === "no" || isSignedSince(s)) return;
  if (reaches === "maybe") ask(s, [0]);
  const count = t.versions.length;
  const looked = count === 1 ? "1 version of the label was" : `${count} versions of the label were`;
  const message = `Only the last ${looked} looked at. What came before version ${t.version(0).number}, since shortly before the member was first seen, or since you verified the member, was not.`;
  find(s, "could-not-check", "warning", message, { versions: [0] });
}

/** Whether all versions are signed, in a chain from an account key that stood before the time that matters. */
function isSignedSince(s: Proven): boolean {
  const { before } = s.history;
  if (!before || before.notAfter > sinceOf(s.member, s.check.window)) return false;
  return s.timeline.versions.every((v, i) => {
    if (i === 0 && !sameKey(v.key, before.key)) return false;
    return v.account === "signed" || v.account === "rotated" || (i === 0 && v.account === "unchecked");
  });
}
