import type { Status } from "../account/index.js";
import type { Description } from "../keyset/index.js";

/** A kind of finding: the codes of docs/roster.md. One never changes its meaning; new ones may come. */
export type Code =
  | "misbehaviour"
  | "ghost-user"
  | "ghost-device"
  | "dormant-insertion"
  | "stale-key"
  | "rolled-back-key"
  | "transient-key"
  | "just-in-time-insertion"
  | "shared-key"
  | "identity-reset"
  | "unsigned-change"
  | "look-alike-label"
  | "weak-key"
  | "duplicate-device"
  | "unmonitored"
  | "could-not-check";

/** How bad a finding is, in the words of SARIF. Notes do not change the exit code. */
export type Severity = "error" | "warning" | "note";

/** The value of a report's "schema". */
export const reportSchema = "ghostlight/roster-report/v1";

/**
 * What judgeRoster found: the members are those of the JSON of docs/roster.md, "The report".
 * Times in it are RFC 3339.
 */
export interface Report {
  schema: string;
  conversation: string;
  me: string;
  checked: string;
  window_seconds: number;
  members: number;
  /** The worst severity first, then by label, code and key. */
  findings: Finding[];
}

/** One thing that the user should know of a roster. */
export interface Finding {
  code: Code;
  severity: Severity;
  label: string;
  /** Further labels that it is about: those that share a key, or look alike. */
  other_labels?: string[];
  keys?: Description[];
  /** For people, as advice is: their wording may change. */
  message: string;
  advice: string;
  proof: Proof;
}

/** What a finding rests on. */
export interface Proof {
  /** The log under which the label was proven. */
  head?: { tree_size: number; root: string; time?: string };
  /** Those that the finding is about, oldest first. */
  versions?: VersionProof[];
}

/** What was proven of one version. */
export interface VersionProof {
  version: number;
  log_entry: number;
  created_at_the_earliest?: string;
  created_at_the_latest: string;
  commitment: string;
  value_sha256?: string;
  account?: Status;
}

/** Asks for narrower bounds of when a version was created. */
export interface Question {
  label: string;
  version: number;
}

/** The exit codes of `kt roster`. */
export const Exit = { fine: 0, misbehaviour: 3, absent: 4, couldNotCheck: 5, findings: 6 } as const;

export type ExitCode = (typeof Exit)[keyof typeof Exit];

/** From bad to less bad: a contradiction, a finding, a label of which nothing was proven, one that is proven absent. */
const worst: readonly ExitCode[] = [Exit.misbehaviour, Exit.findings, Exit.couldNotCheck, Exit.absent];

/**
 * Returns the exit code of `kt roster` that findings call for. `absent` are those of them that
 * are about a label that is proven absent.
 */
export function exitOf(findings: readonly Finding[], absent: ReadonlySet<Finding>): ExitCode {
  const codes = findings.map((f) => exitOfOne(f, absent.has(f)));
  return worst.find((code) => codes.includes(code)) ?? Exit.fine;
}

function exitOfOne(f: Finding, absent: boolean): ExitCode {
  if (f.severity === "note") return Exit.fine;
  if (f.code === "misbehaviour") return Exit.misbehaviour;
  if (f.code === "could-not-check") return Exit.couldNotCheck;
  return absent ? Exit.absent : Exit.findings;
}
