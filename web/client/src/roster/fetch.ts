import type { Outcome } from "../client/batch.js";
import type { Question } from "../client/lookup.js";
import { problemOf } from "../client/older.js";
import { encodeHex } from "../bytes.js";
import { answerErased, answerExpired, answerRefused } from "../extensions.js";
import { ask } from "./ask.js";
import { rosterHead, type Checking } from "./checking.js";
import { needsOlder, oldestOf, type Facts } from "./facts.js";
import { followAccount } from "./follow.js";

/** How often labels are asked for at most, until all are proven under one head. */
const headRounds = 3;

/** Proves the labels' newest versions, and older ones as far as they matter. */
export async function fetchVersions(k: Checking): Promise<void> {
  let labels = [...k.facts.keys()];
  for (let round = 0; round < headRounds && labels.length > 0; round++) {
    const questions = labels.map((label) => ({ label, version: undefined }));
    await ask(k, questions, (q, o) => takeNewest(k, k.of(q.label), o));
    labels = behind(k);
  }
  // Each round asks for twice as many versions as the one before.
  for (let count = 1; ; count *= 2) {
    const questions = olderQuestions(k, count);
    if (questions.length === 0) break;
    await ask(k, questions, (q, o) => takeOlder(k, k.of(q.label), q.version ?? 0, o));
  }
  for (const f of k.facts.values()) followAccount(k, f);
}

/** The labels that were proven under an older head than others. */
function behind(k: Checking): string[] {
  const size = k.op.state.view.head.treeSize;
  const isBehind = (f: Facts) => f.error === undefined && !f.misbehaviour && f.head.treeSize !== size;
  return [...k.facts.values()].filter(isBehind).map((f) => f.label);
}

/** Takes note of the newest version of a label. */
function takeNewest(k: Checking, f: Facts, o: Outcome): void {
  if (o.found) {
    k.forget(f);
    if (k.isFull) {
      f.error = "the values of the labels before it are too large together: check the conversation in parts";
      return;
    }
    k.addVersion(f, o.found);
    f.head = rosterHead(o.found.result.view);
  } else if (o.absence && o.absence.greatest === undefined) {
    if (f.versions.length > 0) vanished(k, f);
    else isAbsent(k, f, o.absence);
  } else if (o.failure?.kind === "misbehaviour") {
    k.contradicted(f, o.failure.evidence);
  } else if (f.versions.length === 0 && !f.absent) {
    // Otherwise it was proven under an older head before, which findings name.
    f.error = o.failure?.message ?? "the directory did not answer";
  }
}

function isAbsent(k: Checking, f: Facts, { head }: NonNullable<Outcome["absence"]>): void {
  k.forget(f);
  f.absent = true;
  f.head = { treeSize: head.treeSize, root: encodeHex(head.root), time: head.time };
}

/**
 * Takes note that a label is proven absent that was proven before. A log with a maximum lifetime
 * may have forgotten it meanwhile.
 */
function vanished(k: Checking, f: Facts): void {
  if (k.op.env.config.maximumLifetime === undefined) {
    k.contradicted(f, undefined);
    return;
  }
  k.forget(f);
  f.error = "the log proved that the label exists, and a moment later that it does not";
}

/** Asks for up to count further versions of each label whose versions matter and are not all there. */
function olderQuestions(k: Checking, count: number): Question[] {
  const out: Question[] = [];
  for (const f of k.facts.values()) {
    const lowest = oldestOf(f)?.number;
    if (lowest === undefined || f.done || !needsOlder(f) || k.isFull) continue;
    const many = Math.min(count, k.limit - f.versions.length, lowest);
    for (let i = 1; i <= many; i++) out.push({ label: f.label, version: lowest - i });
  }
  return out;
}

/** Takes note of the version below the oldest one. */
function takeOlder(k: Checking, f: Facts, version: number, o: Outcome): void {
  if (f.done || version + 1 !== oldestOf(f)?.number) return; // what is above it was not to be had
  const why = missing(o);
  if (o.found) k.addVersion(f, o.found);
  else if (why !== undefined) k.addMissing(f, version, why, why === expired);
  else if (o.failure?.kind === "misbehaviour") k.contradicted(f, o.failure.evidence);
  else k.addMissing(f, version, "the directory's answer was not to be had or does not verify", false);
}

const expired = "the directory says that it has passed the maximum lifetime";
const erased = "the directory says that it was erased";
const none = "the directory says that it has none";

/** What the directory says of a version without a value, if it says anything of the kind. It is a claim. */
function missing(o: Outcome): string | undefined {
  const problem = problemOf(o.failure);
  if (o.claim === answerExpired || problem?.type === "version-expired") return expired;
  if (o.claim === answerErased || problem?.type === "erased") return erased;
  const denied = problem && (problem.denies || problem.type === "version-skipped");
  return o.claim === answerRefused || o.absence || denied ? none : undefined;
}
