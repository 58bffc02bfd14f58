import { Refusal } from "../errors.js";
import { Failure, type FailureDetails, type FailureKind } from "../failure.js";
import { Problem } from "../problem.js";
import { ConflictError } from "../state/store.js";
import { contradiction } from "./contradiction.js";
import { checkFork } from "./fork.js";
import type { Exchange, Operation } from "./operation.js";

/** The error for a request that makes no sense. */
export const usage = (message: string, hint?: string): Failure =>
  new Failure("usage", "", message, hint === undefined ? {} : { hint });

const asking = (x: Exchange) => `asking for ${x.operation}`;
/** The step at which a response is verified. */
export const verifying = (x: Exchange): string => `verifying the response to ${x.operation}`;

/** The error for a request that got no response to verify. */
export async function refused(op: Operation, x: Exchange, error: unknown): Promise<Error> {
  if (error instanceof ConflictError) return error;
  const step = asking(x);
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof Problem)) {
    const kind = op.signal?.aborted ? "operational" : "undecided";
    return new Failure(kind, step, message, { cause: error });
  }
  if (error.aboutLast) {
    const hint =
      "the directory shows fewer log entries than before: an old copy of its data, or an attempt to take something back; ask its operator";
    return (
      (await checkFork(op, x)) ??
      new Failure("undecided", step, `the directory's log is smaller than it was: ${message}`, {
        hint,
        cause: error,
      })
    );
  }
  const [said, hint] = meaning(op, error);
  const kind = [401, 403, 413].includes(error.status) ? "operational" : "undecided";
  return new Failure(kind, step, said + message, { cause: error, ...(hint && { hint }) });
}

/** What a refusal is introduced with, and what to do. */
function meaning(op: Operation, p: Problem): [said: string, hint?: string] {
  switch (p.type) {
    case "unknown-label":
      return ["the directory says it does not know this label; that is not proven: "];
    case "no-such-version":
      return ["the directory says it does not have this version; that is not proven: "];
    case "erased":
      return [
        "the directory says that the value was erased, so that nobody can open its commitment any more: ",
      ];
    case "pruned":
      return pruned(op, p);
  }
  return [""];
}

function pruned(op: Operation, p: Problem): [string, string] {
  if (!mayBePruned(op, p)) {
    return [
      "the directory says that it has removed log entries because of their age, which they cannot have: ",
      "do not give up what this browser has seen; check this machine's clock, and ask the directory's operator",
    ];
  }
  return p.field === "last"
    ? [
        "this browser has not looked at the log for so long that the directory has removed what followed: ",
        "discard what is retained of the directory to begin anew",
      ]
    : [
        "what was looked up was not monitored before it passed the maximum lifetime: ",
        "look the label up again, and come back more often than log entries expire",
      ];
}

/** Whether what the directory says it has removed can have passed the maximum lifetime. */
function mayBePruned(op: Operation, p: Problem): boolean {
  const { maximumLifetime, maxAhead } = op.env.config;
  if (maximumLifetime === undefined) return false;
  const last = op.state.view.frontier.at(-1);
  if (p.field !== "last" || !last) return true;
  // The entries that follow the view's last one are not older.
  return op.env.now() + maxAhead - last.timestamp >= maximumLifetime;
}

/** The error for a response that does not verify. */
export async function rejected(op: Operation, x: Exchange, error: unknown): Promise<Error> {
  if (error instanceof Failure || error instanceof ConflictError) return error;
  if (!(error instanceof Refusal)) {
    const message = error instanceof Error ? error.message : String(error);
    return new Failure("undecided", verifying(x), message, { cause: error });
  }
  if (error.kind === "misbehaviour") return contradiction(op, x, error);
  if (error.kind === "proof" || error.kind === "signature") {
    const fork = await checkFork(op, x);
    if (fork) return fork;
  }
  return failureOf(error, verifying(x));
}

/** The Failure that a Refusal stands for which accuses nobody. */
export function failureOf(error: Refusal, step: string, kind?: FailureKind): Failure {
  const details: FailureDetails = { hint: hints[error.kind] ?? generalHint, cause: error };
  const fallback = error.kind === "unexpected-version" ? "attention" : "undecided";
  return new Failure(kind ?? fallback, step, error.message, details);
}

const generalHint =
  "the answer proves nothing, so nothing was changed; something on the way may have damaged it: try again, also from another network";

const hints: Partial<Record<Refusal["kind"], string>> = {
  time: "check this machine's clock; if it is right, the directory stands still or is hiding its present state",
  auditor:
    "without its auditor this directory's answers cannot be relied on; try again later, and ask its operator and the auditor why",
  expired: "the version is older than what the directory keeps",
};
