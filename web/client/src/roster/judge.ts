import type { Description } from "../keyset/index.js";
import { resets, unsignedChanges } from "./accounts.js";
import { justInTime, rolledBack } from "./comings.js";
import { dormant, ghostDevices, staleKeys, weakKeys } from "./devices.js";
import { gaps } from "./gaps.js";
import type { History } from "./history.js";
import { Identities } from "./identity.js";
import { agreed, clocks, deceptive, duplicates, provenHistory, lookAlikes } from "./members.js";
import { monitored } from "./monitored.js";
import { compareText } from "./order.js";
import { exitOf, reportSchema, type ExitCode, type Finding, type Question, type Report } from "./report.js";
import type { Member, Roster } from "./roster.js";
import { sharedKeys } from "./shared.js";
import { ask, defaultWindow, isRelevant, verified, type Check, type Proven } from "./subject.js";
import { formatTime } from "./time.js";
import { Timeline } from "./timeline.js";
import { transient } from "./transient.js";

/** How to judge a roster. */
export interface JudgeOptions {
  /** The present, in ms since 1970, by the clock of whoever checks. */
  now: number;
  /** How close to its use an insertion is just in time, and how short-lived a key is transient, in ms. Default: 24 hours. */
  window?: number;
}

/** What judgeRoster came to. */
export interface Judgement {
  report: Report;
  exit: ExitCode;
  /**
   * The versions whose time of creation, if it were known better, could decide a finding. A
   * caller that can narrow the bounds does so, and judges again.
   */
  unclear: Question[];
}

/**
 * Judges a roster by what was proven of its labels, those of its members and the user's own
 * (docs/roster.md, "The rules"). A label that `proven` lacks could not be checked. The same
 * arguments give the same report. It does no I/O, and is as good as the histories are.
 */
export function judgeRoster(
  roster: Roster,
  proven: ReadonlyMap<string, History>,
  options: JudgeOptions,
): Judgement {
  const c: Check = {
    roster,
    proven,
    now: options.now,
    window: options.window && options.window > 0 ? options.window : defaultWindow,
    ids: new Identities(),
    agreed: roster.agreed && new Set(roster.agreed),
    timelines: new Map(),
    findings: [],
    absent: new Set(),
    unclear: [],
  };
  c.ids.learnAll(roster, proven.values());
  for (const m of roster.members) judgeMember(c, m);
  if (roster.me !== "" && !roster.members.some((m) => m.label === roster.me)) {
    // Without devices, and there since the session began.
    judgeMember(c, { label: roster.me, firstSeen: roster.started ?? c.now, devices: [] });
  }
  lookAlikes(c);
  sharedKeys(c);
  return { report: reportOf(c), exit: exitOf(c.findings, c.absent), unclear: questionsOf(c.unclear) };
}

function judgeMember(c: Check, member: Member): void {
  const s = {
    check: c,
    member,
    me: member.label === c.roster.me,
    history: c.proven.get(member.label),
    timeline: undefined,
  };
  agreed(s);
  deceptive(s);
  duplicates(s);
  clocks(s);
  const history = provenHistory(s);
  if (!history) return;
  const timeline = new Timeline(history, c.ids, c.window, verified(s));
  c.timelines.set(member.label, timeline);
  judgeVersions({ ...s, history, timeline });
}

/** Applies the rules to a label of which versions were proven. */
function judgeVersions(s: Proven): void {
  const rules = [ghostDevices, staleKeys, dormant, justInTime, transient, rolledBack];
  const more = [resets, unsignedChanges, weakKeys, monitored, gaps];
  for (const rule of [...rules, ...more]) rule(s);
  for (const i of s.timeline.unsure) if (isRelevant(s, s.timeline.span(i).hi)) ask(s, [i]);
}

function reportOf(c: Check): Report {
  return {
    schema: reportSchema,
    conversation: c.roster.conversation,
    me: c.roster.me,
    checked: formatTime(c.now),
    window_seconds: Math.floor(c.window / 1000),
    members: c.roster.members.length,
    findings: c.findings.sort(compareFindings),
  };
}

/** The order of findings: the worst severity first, then by label, code, keys and message. */
export function compareFindings(a: Finding, b: Finding): number {
  const rank = { error: 0, warning: 1, note: 2 };
  return (
    rank[a.severity] - rank[b.severity] ||
    compareText(a.label, b.label) ||
    compareText(a.code, b.code) ||
    compareKeys(a.keys ?? [], b.keys ?? []) ||
    compareText(a.message, b.message)
  );
}

function compareKeys(a: readonly Description[], b: readonly Description[]): number {
  for (const [i, k] of a.entries()) {
    const other = b[i];
    if (!other) return 1;
    const order =
      compareText(k.format, other.format) ||
      compareText(k.fingerprint, other.fingerprint) ||
      compareText(k.sha256, other.sha256);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** The questions in order, each once. */
function questionsOf(questions: Question[]): Question[] {
  const sorted = questions.sort((a, b) => compareText(a.label, b.label) || a.version - b.version);
  return sorted.filter((q, i) => q.label !== sorted[i - 1]?.label || q.version !== sorted[i - 1]?.version);
}
