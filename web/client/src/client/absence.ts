import { Failure, isFailure } from "../failure.js";
import { Refusal } from "../errors.js";
import { type AbsenceResponse, encodeAbsenceRequest, parseAbsenceResponse } from "../extensions.js";
import type { AbsentResult } from "../results.js";
import { verdict } from "../verdict.js";
import { type AbsenceResult, checkContactAbsence, checkOwnerAbsence } from "../verify-absence.js";
import { lastSize, type View } from "../view.js";
import { explainAbsence } from "./explain.js";
import { labelBytes } from "./label.js";
import { countOf, dateText, headOf } from "./head.js";
import type { Question } from "./lookup.js";
import { problemOf } from "./older.js";
import type { Operation } from "./operation.js";
import { proceed } from "./proceed.js";
import { contactOf, type State } from "./state.js";

const step = "proving what the directory denies";

/**
 * Is called with the error of a lookup. If that is the directory's denial, it has the directory
 * prove it. Throws the given error if the directory does not know how to, and a Failure if the
 * proof is none.
 */
export async function proveAbsent(op: Operation, q: Question, denied: unknown): Promise<AbsentResult> {
  if (!problemOf(denied)?.denies) throw denied;
  try {
    return await absence(op, q);
  } catch (error) {
    if (isFailure(error, "misbehaviour", "attention") || op.signal?.aborted) throw error;
    if (problemOf(error)?.lacksOperation) throw denied;
    const message = `${(denied as Error).message}; nor did it prove it: ${(error as Error).message}`;
    const hint = "if the label was published at this very moment, that is why: try again";
    throw new Failure("undecided", step, message, { hint, cause: error });
  }
}

/** Asks for proof that a label, or a version of it, does not exist. */
export function absence(op: Operation, q: Question): Promise<AbsentResult> {
  const before = op.state.view;
  const request = { last: lastSize(before), label: labelBytes(q.label), version: q.version };
  return op.ask({
    operation: "absence",
    label: q.label,
    request: encodeAbsenceRequest(request),
    verify(bytes, next) {
      const response = parseAbsenceResponse(op.env.config, bytes);
      const result = op.env.verifier.absence(before, request, response, op.env.now());
      return takeAbsence(op, next, q, { before, response, result });
    },
  });
}

/** A verified absence, and the view that it was verified against. */
export interface FoundAbsence {
  readonly before: View;
  readonly response: AbsenceResponse;
  readonly result: AbsenceResult;
}

/** Makes the changes to next that follow from a verified absence, and describes it. */
export function takeAbsence(op: Operation, next: State, q: Question, f: FoundAbsence): AbsentResult {
  const now = op.env.now();
  proceed(next, f.result, now);
  checkAbsence(op, next, q.label, f.result);
  const head = headOf(f.result.view);
  const { greatest } = f.result;
  const what = greatest === undefined ? "no version of the label is" : `no version above ${greatest} is`;
  const where = `in the last of the log's ${countOf(head.treeSize, "entry", "entries")}, nor in those where its owner's monitoring would meet one`;
  const steps = explainAbsence(op.env.config, q, f, now, `${what} ${where}`);
  return {
    kind: "absent",
    label: q.label,
    version: q.version,
    greatest,
    head,
    verdict: verdict("proven absent", `${what} ${where}`),
    witness: undefined,
    steps,
    trace: f.result.trace,
  };
}

/**
 * Holds an absence against what is known of the label. Throws a Refusal "misbehaviour" if the log
 * has proven before that the label has what is absent, and a Failure of the kind attention if
 * that may have been removed for its age.
 */
function checkAbsence(op: Operation, next: State, label: string, r: AbsenceResult): void {
  try {
    holdAbsence(next, label, r);
  } catch (error) {
    if (!(error instanceof Refusal) || error.kind !== "misbehaviour" || !mayHaveExpired(op, next, label, r))
      throw error;
    // A log that forgets what is old enough does not misbehave.
    const message = `what this browser has seen is no longer in the log: ${error.message}`;
    const hint =
      "this directory has a maximum lifetime, after which a version may go; ask the label's owner whether it went with their knowledge";
    throw new Failure("attention", step, message, { hint });
  }
}

function holdAbsence(next: State, label: string, r: AbsenceResult): void {
  const owner = next.owners.get(label);
  if (owner) checkOwnerAbsence(owner.monitor, r);
  const contact = next.contacts.get(label);
  if (!contact) return;
  const greatest = r.greatest ?? -1;
  const { seen, account } = contact;
  if (seen && seen.version > greatest) throw vanished(seen.version, `on ${dateText(seen.at)}`);
  if (account && account.version > greatest) throw vanished(account.version, "before");
  checkContactAbsence(contact.monitor, r);
}

const vanished = (version: number, when: string) =>
  new Refusal(
    "misbehaviour",
    `the log proved ${when} that version ${version} exists, and now that it does not`,
  );

/** Whether a label's versions may have passed the log's maximum lifetime since they were seen. */
function mayHaveExpired(op: Operation, next: State, label: string, r: AbsenceResult): boolean {
  const { maximumLifetime, maxBehind } = op.env.config;
  if (maximumLifetime === undefined) return false;
  const { seen } = contactOf(next, label);
  if (!seen) return true; // nobody knows when
  // The log entry that had the version then was this much older at most.
  return headOf(r.view).time - (seen.at - maxBehind) >= maximumLifetime;
}
