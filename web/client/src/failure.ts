import type { EvidenceFile } from "./results.js";
import { type Outcome, type Verdict, verdict } from "./verdict.js";

/**
 * What a failure means to the user.
 *
 * - operational: nothing about the directory was found out, because of this machine or
 *   because the directory does not let this user do that.
 * - usage: the request makes no sense as it was made.
 * - undecided: there is no verdict. The directory was not reached, did not answer, or its
 *   answer does not verify and proves nothing.
 * - attention: the user has to look at something, such as a version that nobody signed.
 * - misbehaviour: the directory has misbehaved, and `evidence` has what shows it.
 */
export type FailureKind = "operational" | "usage" | "undecided" | "attention" | "misbehaviour";

/** What a failure may have beside its text. */
export interface FailureDetails {
  /** What the user can do, if anything is known to help. */
  readonly hint?: string;
  /** What proves misbehaviour, or reports it. */
  readonly evidence?: EvidenceFile;
  readonly cause?: unknown;
}

/**
 * The error of every operation of a Client. Its message never contains a label or a value.
 * Nothing was retained of an answer that led to one.
 */
export class Failure extends Error {
  readonly kind: FailureKind;
  /** What the client was doing. */
  readonly step: string;
  readonly hint: string | undefined;
  readonly evidence: EvidenceFile | undefined;

  constructor(kind: FailureKind, step: string, message: string, details: FailureDetails = {}) {
    super(message, { cause: details.cause });
    this.name = "Failure";
    this.kind = kind;
    this.step = step;
    this.hint = details.hint;
    this.evidence = details.evidence;
  }
}

const outcomes: Record<FailureKind, Outcome> = {
  operational: "could not check",
  usage: "could not check",
  undecided: "could not check",
  attention: "changed",
  misbehaviour: "misbehaviour proven",
};

/** The verdict that an error stands for. Everything that is no Failure is "could not check". */
export function verdictOf(error: unknown): Verdict {
  if (error instanceof Failure) return verdict(outcomes[error.kind], error.message);
  return verdict("could not check", error instanceof Error ? error.message : String(error));
}

/** Whether an error is a Failure of a kind. */
export function isFailure(error: unknown, ...kinds: FailureKind[]): error is Failure {
  return error instanceof Failure && (kinds.length === 0 || kinds.includes(error.kind));
}
