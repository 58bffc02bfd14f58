import { encodeHex } from "../bytes.js";
import type { Description } from "../keyset/index.js";
import type { History } from "./history.js";
import type { Identities } from "./identity.js";
import { adviceFor } from "./rules.js";
import type { Code, Finding, Question, Severity, VersionProof } from "./report.js";
import type { Member, Roster } from "./roster.js";
import type { Answer } from "./span.js";
import { formatTime } from "./time.js";
import type { Timeline } from "./timeline.js";

/** How far an app's clock may be from the log's without conclusions being drawn from it, in ms. */
export const skew = 5 * 60_000;

/** The default of JudgeOptions.window, in ms. */
export const defaultWindow = 24 * 3600_000;

/** One check of a roster. */
export interface Check {
  readonly roster: Roster;
  readonly proven: ReadonlyMap<string, History>;
  readonly now: number;
  readonly window: number;
  readonly ids: Identities;
  readonly agreed: ReadonlySet<string> | undefined;
  readonly timelines: Map<string, Timeline>;
  readonly findings: Finding[];
  /** The findings that a label is proven absent. */
  readonly absent: Set<Finding>;
  readonly unclear: Question[];
}

/** A label with the member who it belongs to. Of it, rules make findings. */
export interface Subject {
  readonly check: Check;
  readonly member: Member;
  readonly me: boolean;
  readonly history: History | undefined;
  /** Undefined if no version was proven. */
  readonly timeline: Timeline | undefined;
}

/** A Subject of which versions were proven. */
export interface Proven extends Subject {
  readonly history: History;
  readonly timeline: Timeline;
}

/** What a finding is about, besides its label; versions by their place in the timeline. */
export interface About {
  keys?: readonly Description[];
  versions?: readonly number[];
}

/**
 * How far back the versions of a member's label are needed: to one that is proven to have
 * existed then, or to the first. It is a window before the member was first seen, or when the
 * user last verified the member, if that was before. All in ms.
 */
export function sinceOf(m: Member, window: number): number {
  return Math.min(m.firstSeen - window, m.verifiedAt ?? Infinity);
}

/**
 * When the user last verified the member, Infinity if never. What came later by no more than
 * clocks may differ is not held to have come after it.
 */
export function verified(s: Subject): number {
  return (s.member.verifiedAt ?? Infinity) + skew;
}

/** From when on the user has to hear of what happened to the account key. */
export function sinceVerified(s: Subject): number {
  const at = verified(s);
  return at === Infinity ? s.member.firstSeen - s.check.window : at;
}

/** Whether something that ended by a time can have touched the conversation. */
export function isRelevant(s: Subject, hi: number): boolean {
  return hi >= s.member.firstSeen - s.check.window;
}

/** Adds a finding. */
export function find(
  s: Subject,
  code: Code,
  severity: Severity,
  message: string,
  about: About = {},
): Finding {
  const advice = adviceFor(code, s.me);
  const f: Finding = { code, severity, label: s.member.label, message, advice, proof: {} };
  if (about.keys?.length) f.keys = [...about.keys];
  const { history: h, timeline: t } = s;
  if (h && (t || h.absent)) {
    f.proof.head = { tree_size: h.head.treeSize, root: h.head.root };
    if (h.head.time !== undefined) f.proof.head.time = formatTime(h.head.time);
  }
  if (t && about.versions?.length) {
    f.proof.versions = [...new Set(about.versions)].sort((a, b) => a - b).map((i) => proofOf(t, i));
  }
  s.check.findings.push(f);
  return f;
}

function proofOf(t: Timeline, i: number): VersionProof {
  const [v, { lo, hi }] = [t.version(i), t.span(i)];
  const p: VersionProof = {
    version: v.number,
    log_entry: v.logEntry,
    created_at_the_latest: formatTime(hi),
    commitment: encodeHex(v.commitment),
  };
  if (lo > -Infinity) p.created_at_the_earliest = formatTime(lo);
  if (v.valueSHA256 !== undefined) p.value_sha256 = v.valueSHA256;
  if (v.account !== "") p.account = v.account;
  return p;
}

/**
 * Asks for better bounds of when versions were created. Returns why there are none, if that
 * was found out for one.
 */
export function ask(s: Proven, versions: readonly number[]): string | undefined {
  let why: string | undefined;
  for (const i of versions) {
    const v = s.timeline.version(i);
    if (v.unsettled !== undefined) why = v.unsettled;
    else if (v.notBefore !== v.notAfter) s.check.unclear.push({ label: s.member.label, version: v.number });
  }
  return why;
}

/**
 * Adds a finding that depends on when versions were created. If that is not known well enough,
 * it asks for better bounds, and what was found is a note until they are there. If nobody can
 * have them, it could not be checked.
 */
export function findTimed(s: Proven, a: Answer, code: Code, message: string, about: Required<About>): void {
  if (a === "yes") {
    find(s, code, "warning", message, about);
    return;
  }
  const why = ask(s, about.versions);
  if (why === undefined) {
    find(s, code, "note", `This depends on times of which only bounds are proven. ${message}`, about);
    return;
  }
  const doubt = `Whether this is ${code} depends on times that could not be proven (${why}). ${message}`;
  find(s, "could-not-check", "warning", doubt, about);
}
