import type { Client } from "../client.js";
import { countOf, headOf } from "../client/head.js";
import { usage } from "../client/errors.js";
import { conclude, concludeFailed } from "../client/settle.js";
import { overdueFailure, qualify } from "../client/witnessed.js";
import { isFailure } from "../failure.js";
import type { EvidenceFile, Head, OperationOptions, Witnessed } from "../results.js";
import { type Verdict, verdict } from "../verdict.js";
import { ask } from "./ask.js";
import { Checking } from "./checking.js";
import { dateVersions } from "./dating.js";
import { rosterDigest, type DigestEntry } from "./digest.js";
import { settleTimes } from "./facts.js";
import { fetchVersions } from "./fetch.js";
import { judgeRoster, type Judgement } from "./judge.js";
import { Exit, type ExitCode, type Question, type Report, type Severity } from "./report.js";
import type { Roster } from "./roster.js";
import { defaultWindow, sinceOf } from "./subject.js";

/** How many versions of a label checkRoster looks at. */
export const defaultHistory = 32;

/** How to check a roster. */
export interface CheckOptions extends OperationOptions {
  /** That of JudgeOptions, in ms. */
  readonly window?: number;
  /** How many versions of each label are looked at, at most. Default: defaultHistory. */
  readonly history?: number;
  /** Has each label asked for by itself, even if the directory answers many at once. */
  readonly oneByOne?: boolean;
}

/** The outcome of checkRoster. */
export interface RosterResult {
  readonly report: Report;
  /** The exit code of `kt roster` that it calls for. */
  readonly exit: ExitCode;
  /** The newest state of the log that a label was proven in. Findings name the one that they rest on. */
  readonly head: Head;
  /** What members compare with each other: sixty digits. Undefined if not all labels are proven; then noDigest says why. */
  readonly digest: string | undefined;
  readonly noDigest: string | undefined;
  readonly verdict: Verdict;
  /** The evidence of each label that the directory contradicted itself about; "" is about none. */
  readonly evidence: ReadonlyMap<string, EvidenceFile | undefined>;
  /** Undefined without a witness policy. */
  readonly witness: Witnessed | undefined;
}

/**
 * Holds a conversation against what the directory proves of its labels: judgeRoster tells what
 * that finds. The members' labels and the user's own are proven under one head of the log, with
 * as few requests as the directory permits, and older versions as far back as matters. Labels that
 * were proven under an older head, because the log grew meanwhile, are asked for again, twice at
 * most.
 *
 * A label that cannot be checked, and even one that the directory contradicts itself about, does
 * not keep others from being checked: each is a finding. It rejects, with a Failure, if the
 * request makes no sense, the state cannot be read or stored, it is aborted, or the witnesses have
 * not seen in time what the result rests on.
 *
 * It retains what there is to monitor of the labels, for watch, and otherwise leaves alone what
 * lookups retained: a change is told by the next lookup all the same.
 */
export function checkRoster(
  client: Client,
  roster: Roster,
  options: CheckOptions = {},
): Promise<RosterResult> {
  const labels = new Set([...(roster.me ? [roster.me] : []), ...roster.members.map((m) => m.label)]);
  return client.operate(options, [...labels], async (op) => {
    const { history = defaultHistory, window = defaultWindow } = options;
    if (!(history > 0) || !(window > 0)) {
      throw usage("the number of versions and the window must be positive");
    }
    const k = new Checking(op, history);
    k.batches = options.oneByOne !== true;
    const now = op.env.now();
    if (roster.me)
      k.add(roster.me, sinceOf({ label: "", firstSeen: roster.started ?? now, devices: [] }, window));
    for (const m of roster.members) k.add(m.label, sinceOf(m, window));
    op.deferred = true;
    let judgement: Judgement;
    try {
      judgement = await prove(k, roster, window);
      await op.flush();
    } catch (error) {
      return concludeFailed(op, error);
    }
    const witness = await concluded(k);
    const late = overdueFailure(witness);
    if (late && k.evidence.size === 0) throw late; // a contradiction is told all the same
    return resultOf(k, judgement, witness);
  });
}

/** Proves what there is to prove, and judges the roster. */
async function prove(k: Checking, roster: Roster, window: number): Promise<Judgement> {
  await fetchVersions(k);
  let judgement = judge(k, roster, window);
  const improvements = [
    (unclear: Question[]) => searchAgain(k, unclear),
    (unclear: Question[]) => dateVersions(k, unclear, false),
    (unclear: Question[]) => dateVersions(k, unclear, true),
  ];
  for (const improve of improvements) {
    if (judgement.unclear.length === 0) break;
    await improve(judgement.unclear);
    judgement = judge(k, roster, window);
  }
  return judgement;
}

function judge(k: Checking, roster: Roster, window: number): Judgement {
  for (const f of k.facts.values()) settleTimes(f);
  return judgeRoster(roster, k.facts, { now: k.op.env.now(), window });
}

/** Searches for greatest versions by their numbers: such a search goes through the whole log, and not along its right edge only. */
async function searchAgain(k: Checking, unclear: readonly Question[]): Promise<void> {
  const questions = unclear.filter((q) => k.of(q.label).versions[0]?.number === q.version);
  await ask(k, questions, (q, o) => {
    const f = k.of(q.label);
    const newest = f.versions[0];
    if (o.found && newest) {
      k.learn(o.found.result);
      k.bound(newest, o.found);
    } else if (isFailure(o.failure, "misbehaviour")) {
      k.contradicted(f, o.failure.evidence);
    }
  });
}

/** Concludes the operation. That witnesses saw something else is a contradiction about no label. */
async function concluded(k: Checking): Promise<Witnessed | undefined> {
  try {
    return await conclude(k.op);
  } catch (error) {
    if (!isFailure(error, "misbehaviour")) throw error;
    k.evidence.set("", error.evidence);
    return undefined;
  }
}

function resultOf(k: Checking, { report, exit }: Judgement, witness: Witnessed | undefined): RosterResult {
  const code = k.evidence.size > 0 ? Exit.misbehaviour : exit;
  const digest = digestOf(k);
  return {
    report,
    exit: code,
    head: headOf(k.op.state.view),
    digest,
    noDigest: digest === undefined ? "not all labels are proven, with a value" : undefined,
    verdict: qualify(witness, verdictOf(k, report, code)),
    evidence: k.evidence,
    witness,
  };
}

function digestOf(k: Checking): string | undefined {
  const entries: DigestEntry[] = [];
  for (const f of k.facts.values()) {
    const newest = f.versions[0];
    if (newest?.valueSHA256 === undefined) return undefined;
    entries.push({ label: f.label, version: newest.number, valueSHA256: newest.valueSHA256 });
  }
  return entries.length > 0 ? rosterDigest(entries) : undefined;
}

function verdictOf(k: Checking, report: Report, exit: ExitCode): Verdict {
  const labels = k.facts.size;
  const count = (s: Severity) => report.findings.filter((f) => f.severity === s).length;
  const notes = countOf(count("note"), "note", "notes");
  const about = `${countOf(count("error"), "error", "errors")}, ${countOf(count("warning"), "warning", "warnings")} and ${notes} about ${countOf(labels, "label", "labels")}`;
  switch (exit) {
    case Exit.fine: {
      const absent = [...k.facts.values()].filter((f) => f.absent).length; // one's own
      const proven =
        countOf(labels, "label is proven", "labels are proven") +
        (absent > 0 ? `, ${absent} to be absent` : "");
      return verdict(
        "verified",
        `${proven}, and nobody and nothing in the conversation contradicts them (${notes})`,
      );
    }
    case Exit.misbehaviour:
      return verdict("misbehaviour proven", `the directory signed a contradiction; ${about}`);
    case Exit.absent:
      return verdict("proven absent", about);
    case Exit.couldNotCheck:
      return verdict("could not check", about);
  }
  return verdict("findings", about);
}
