import type { AbsentResult, LookupResult, Seen, Witnessed } from "../results.js";
import { type Verdict, verdict } from "../verdict.js";
import { newerStanding, readAccount } from "./account.js";
import type { AccountCheck } from "./checkaccount.js";
import { explain, explainWitnesses } from "./explain.js";
import { dateText, headOf } from "./head.js";
import { type Found, seenOf } from "./lookup.js";
import type { Operation } from "./operation.js";
import { cloneState, contactOf, type RetainedContact, type SeenValue } from "./state.js";
import { overdueFailure, qualify } from "./witnessed.js";

/** What was seen, without what others need not know. */
export function asSeen(s: SeenValue): Seen {
  const { version, sha256, value, at } = s;
  return { version, sha256, value, at };
}

/** Describes a verified search. */
export function describeFound(
  op: Operation,
  f: Found,
  check: AccountCheck,
  w: Witnessed | undefined,
): LookupResult {
  const { version, value, terminal, view, trace } = f.result;
  const v = foundVerdict(f);
  const steps = explain(op.env.config, f);
  const { changed } = f;
  return {
    kind: "found",
    label: f.label,
    version,
    greatest: f.greatest,
    value: value.value,
    sha256: seenOf(f).sha256,
    logEntry: terminal,
    logEntryTime: readAccount(f).time,
    head: headOf(view),
    verdict: qualify(w, { ...v, outcome: check.outcome ?? v.outcome, reason: v.reason + check.reason }),
    before: changed && asSeen(changed),
    account: check.account,
    witness: w,
    steps: w ? [...steps, ...explainWitnesses(w)] : steps,
    trace,
  };
}

function foundVerdict(f: Found): Verdict {
  const { version, monitor } = f.result;
  if (f.changed) {
    const { version: old, at } = f.changed;
    return verdict(
      "changed",
      `version ${version} is proven, and differs from version ${old}, which this browser saw on ${dateText(at)}`,
    );
  }
  if (monitor) {
    return verdict(
      "verified, still being monitored",
      `version ${version} is proven; it is newer than every distinguished log entry, so this browser has to see that it stays`,
    );
  }
  return verdict(
    "verified",
    `version ${version} is proven, in a part of the log where its owner's monitoring meets it`,
  );
}

/** Completes an absence that is to be handed out. Throws a Failure if the witnesses have not seen it in time. */
export function handOutAbsence(a: AbsentResult, w: Witnessed | undefined): AbsentResult {
  const late = overdueFailure(w);
  if (late) throw late;
  return w
    ? { ...a, witness: w, verdict: qualify(w, a.verdict), steps: [...a.steps, ...explainWitnesses(w)] }
    : a;
}

/**
 * What was found is to be handed out, and from now on counts as seen. What is refused does not
 * count: that is retained of it what its versions say of the account key. Throws a Failure if the
 * witnesses have not seen it in time.
 */
export async function handOut(
  op: Operation,
  w: Witnessed | undefined,
  found: readonly Found[],
): Promise<void> {
  const late = overdueFailure(w);
  if (late) throw late;
  const next = cloneState(op.state);
  let isChanged = false;
  for (const f of found) {
    const before = contactOf(next, f.label);
    const after = handedOut(before, f, w !== undefined);
    if (after.seen === before.seen && after.account === before.account) continue;
    next.contacts.set(f.label, after);
    isChanged = true;
  }
  if (isChanged) await op.store(next);
}

function handedOut(c: RetainedContact, f: Found, waited: boolean): RetainedContact {
  const account = f.standing && f.greatest ? newerStanding(c.account, f.standing) : c.account;
  const counts = f.seenNow && !f.refused && (waited || f.unsettled);
  return { ...c, account, seen: counts ? newerSeen(c.seen, f.seenNow as SeenValue) : c.seen };
}

/** The newer one of two values of a label: what was seen never goes back. */
function newerSeen(s: SeenValue | undefined, other: SeenValue): SeenValue {
  if (!s || s.version < other.version) return other;
  return s.version === other.version && s.at < other.at ? { ...s, at: other.at } : s;
}
