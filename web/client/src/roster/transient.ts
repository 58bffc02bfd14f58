import { cameIn, wentIn } from "./comings.js";
import { atMost, type Answer } from "./span.js";
import { find, findTimed, isRelevant, type Proven } from "./subject.js";
import { ended, isBase, type Ended, type Run } from "./timeline.js";

/** Whether runs lasted at most the window. */
type Brief = (r: Run) => Answer;

/** Finds keys that came and went within the window. */
export function transient(s: Proven): void {
  const brief = briefRuns(s);
  for (const r of s.timeline.runs) {
    const short = brief(r);
    if (short !== "no" && ended(r) && !r.endorsed && isRelevant(s, s.timeline.went(r).hi)) {
      transientRun(s, r, short, brief);
    }
  }
}

/** A key that is old, or once lived longer, is no transient one. */
function briefRuns(s: Proven): Brief {
  const [brief, lived] = [new Map<Run, Answer>(), new Set<string>()];
  for (const r of s.timeline.runs) {
    let short: Answer = "no";
    if (ended(r) && (!isBase(r) || s.timeline.isNew)) {
      short = atMost(s.timeline.came(r), s.check.window, s.timeline.went(r));
    }
    if (!lived.has(r.id)) brief.set(r, short);
    if (short === "no") lived.add(r.id);
  }
  return (r) => brief.get(r) ?? "no";
}

function transientRun(s: Proven, r: Ended, short: Answer, brief: Brief): void {
  const { timeline: t } = s;
  const message = `A key came in version ${t.version(r.from).number} of the label and was gone in version ${t.version(r.to).number}.`;
  const about = { keys: [r.key], versions: [...cameIn(r), ...wentIn(r)] };
  if (isBase(r)) {
    find(s, "transient-key", "note", `${message} The label was new then.`, about);
  } else if (isInstalledAnew(s, r, brief)) {
    const anew = `${message} It took the place of another of the same device, or another took its place, as when an app is installed anew.`;
    find(s, "transient-key", "note", anew, about);
  } else {
    findTimed(s, short, "transient-key", message, about);
  }
}

/**
 * Whether a brief key plainly was one that a device had in between: what it took the place of,
 * or what took its place, is no brief one itself, perhaps by way of others like it. It was not,
 * if all was as before in the end, or a key was back then: A, X, A.
 */
function isInstalledAnew(s: Proven, r: Ended, brief: Brief): boolean {
  let first: Run = r;
  let origin = predecessor(s, first);
  while (origin && brief(origin) !== "no" && !isBase(origin) && !origin.endorsed) {
    first = origin;
    origin = predecessor(s, origin);
  }
  let last: Ended = r;
  let heir = successor(s, last);
  while (heir && ended(heir) && brief(heir) !== "no" && !heir.endorsed) {
    last = heir;
    heir = successor(s, heir);
  }
  if ((!origin && !heir) || isAsBefore(s, first, r, last)) return false;
  return !origin || !isBack(s, origin, last.to);
}

/** Whether, when the last of keys in a row went, all was as before the first came, or a key came back that one of them, r, was without. */
function isAsBefore({ timeline: t }: Proven, first: Run, r: Ended, last: Ended): boolean {
  const [old, meanwhile, now] = [t.keysOf(first.earliest - 1), t.keysOf(r.last), t.keysOf(last.to)];
  const ids = [...now.keys()];
  if (ids.some((id) => old.has(id) && !meanwhile.has(id))) return true;
  return old.size === now.size && ids.every((id) => old.has(id));
}

/** Whether a version from one on has a key again. */
function isBack(s: Proven, r: Run, from: number): boolean {
  return s.timeline.keys.some((keys, i) => i >= from && keys?.has(r.id) === true);
}

/** The run of the key that a key plainly took the place of. */
function predecessor({ timeline: t, check }: Proven, r: Run): Run | undefined {
  if (isBase(r) || !t.keys[r.earliest - 1]) return undefined;
  const old = t.replacements(r.earliest - 1, r.from).byNew.get(r.id)?.old;
  return old && t.runAt(check.ids.of(old), r.earliest - 1);
}

/** The run of the key that plainly took the place of a key. */
function successor({ timeline: t, check }: Proven, r: Ended): Run | undefined {
  const now = t.replacements(r.last, r.to).byOld.get(r.id)?.new;
  return now && t.runAt(check.ids.of(now), r.to);
}
