import type { Failure } from "../failure.js";
import { Failure as FailureError } from "../failure.js";
import type { Witnessed } from "../results.js";
import { type Checker, type Verdict, verdict } from "../verdict.js";
import { countOf, timeText } from "./head.js";
import type { Operation } from "./operation.js";
import { openDirectoryCheckpoint } from "./policy.js";
import { wordingOf } from "./wording.js";

/**
 * How old a log entry may be before the witnesses have seen it, in milliseconds, by its own
 * timestamp or by when the client first had it, whichever is earlier.
 */
const witnessDelay = 10 * 60 * 1000;

/** What there is to say under the policy; undefined without one. why is what settling said. */
export function describeWitnessed(op: Operation, why: string | undefined): Witnessed | undefined {
  const w = op.state.witness;
  const policy = op.env.policyOf(op.state);
  if (!w || !policy) return undefined;
  const last = w.last && openDirectoryCheckpoint(policy, w.last);
  const pending = w.pending.map((e) => e.position);
  const oldest = Math.min(...w.pending.map((e) => Math.min(e.timestamp, e.firstSeen)));
  const overdue = pending.length > 0 && op.env.now() - oldest > witnessDelay;
  const { quorum } = policy.policy;
  const size = last?.size ?? 0;
  const late = overdue ? `, though the oldest is of ${timeText(oldest)}, more than 10 minutes ago` : "";
  return {
    origin: policy.log.origin,
    checkpointSize: size,
    quorum,
    cosignedBy: last?.cosignatures.map((c) => c.witness) ?? [],
    pending,
    settled: pending.length === 0,
    reason: pending.length === 0 ? "" : reasonOf(pending, size, quorum, why) + late,
    overdue,
  };
}

function reasonOf(pending: readonly number[], size: number, quorum: string, why: string | undefined): string {
  const words = wordingOf(quorum);
  const state = size === 0 ? words.unknown : (pending[0] ?? 0) < size ? words.missing : words.newer;
  return `${positionsText(pending)} ${pending.length === 1 ? "is" : "are"} ${state}${why === undefined ? "" : ` (${why})`}`;
}

/** Names log entries, the first few of them if they are many. */
function positionsText(positions: readonly number[]): string {
  const most = 5;
  if (positions.length === 1) return `log entry ${positions[0]}`;
  const more = positions.length - most;
  return `log entries ${positions.slice(0, most).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** The failure that nothing is verified any more; undefined if entries are not pending for too long. */
export function overdueFailure(w: Witnessed | undefined): Failure | undefined {
  if (!w?.overdue) return undefined;
  const hint =
    "the directory may be showing you another log than the witnesses, or its log or the witnesses may be down: try again later, also from another network, and ask the directory's operator";
  return new FailureError("undecided", wordingOf(w.quorum).step, w.reason, { hint });
}

/** The verdict on what rests on w: nothing is verified as long as the witnesses have not seen it. */
export function qualify(w: Witnessed | undefined, v: Verdict): Verdict {
  if (!w) return v;
  const rests = ["verified", "verified, still being monitored", "proven absent"].includes(v.outcome);
  if (w.settled) {
    const witnesses: Checker[] =
      w.quorum === "none" ? [] : w.cosignedBy.map((name) => ({ kind: "witness", name }));
    return { ...v, checkedBy: [...v.checkedBy, ...witnesses] };
  }
  if (!rests) return v;
  if (w.overdue) return verdict("could not check", w.reason);
  return verdict(
    v.outcome === "proven absent" ? v.outcome : "verified, still being monitored",
    `${v.reason}; ${w.reason}`,
  );
}

/**
 * The verdict on what rests on what is retained, of which nothing was asked now. Witnesses take
 * nothing from it that they have seen, and are not named for it.
 */
export function qualifyRetained(op: Operation, v: Verdict): Verdict {
  const w = describeWitnessed(op, undefined);
  return w?.settled ? v : qualify(w, v);
}

/** The verdict on the log itself. */
export function logVerdict(w: Witnessed): Verdict {
  const size = countOf(w.checkpointSize, "entry", "entries");
  const settled = `every log entry that this browser relies on is in the log of ${size} ${wordingOf(w.quorum).settled}`;
  return w.settled
    ? qualify(w, verdict("verified", settled))
    : verdict(w.overdue ? "could not check" : "verified, still being monitored", w.reason);
}
