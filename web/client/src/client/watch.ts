import { Failure, verdictOf } from "../failure.js";
import { encodeContactMonitorRequest } from "../requests.js";
import { parseContactMonitorResponse } from "../responses.js";
import { ownerGreatest } from "../owner.js";
import type { WatchReport, WatchResult, Witnessed } from "../results.js";
import { type Verdict, verdict } from "../verdict.js";
import { lastSize } from "../view.js";
import { stands } from "../account/index.js";
import { isLost } from "./batch.js";
import { distinguished } from "./distinguished.js";
import { labelBytes } from "./label.js";
import { headOf } from "./head.js";
import type { Operation } from "./operation.js";
import { describeUnexpected, ownerVerdict } from "./own.js";
import { isDoubtful, seekContradiction, watchOwner } from "./owner.js";
import { proceed } from "./proceed.js";
import { conclude, concludeFailed } from "./settle.js";
import { contactOf, type RetainedContact } from "./state.js";
import { logVerdict, overdueFailure, qualify } from "./witnessed.js";

/**
 * See Client.watch. A label that cannot be checked does not keep others from being checked, and
 * neither does a log that the witnesses do not see.
 */
export async function watch(op: Operation): Promise<WatchResult> {
  try {
    await distinguished(op);
  } catch (error) {
    await concludeFailed(op, error);
  }
  op.deferred = true;
  const reports = await watchLabels(op);
  await op.flush();
  const log = await watchLog(op);
  const lost = log?.failure ?? overdueFailure(log?.witness);
  return {
    at: op.env.now(),
    reports: reports.map((r) => withLog(r, log?.witness, lost)),
    head: headOf(op.state.view),
    log,
  };
}

async function watchLabels(op: Operation): Promise<WatchReport[]> {
  const owned = [...op.state.owners.keys()].sort();
  const contacts = [...op.state.contacts.keys()].sort();
  const total = owned.length + contacts.length;
  const reports: WatchReport[] = [];
  let broken: Failure | undefined; // the directory is not reached any more
  const run = async (label: string, role: WatchReport["role"]) => {
    op.progress("monitoring", reports.length, total);
    let failure = broken;
    try {
      if (!failure) await (role === "owner" ? watchOwner(op, label) : watchContact(op, label));
    } catch (error) {
      if (!(error instanceof Failure) || op.signal?.aborted) throw error;
      failure = error;
      if (isLost(op, error)) broken = error;
    }
    reports.push(report(op, label, role, failure));
  };
  for (const label of owned) await run(label, "owner");
  for (const label of contacts) await run(label, "contact");
  op.progress("monitoring", total, total);
  return reports;
}

function report(
  op: Operation,
  label: string,
  role: WatchReport["role"],
  failure: Failure | undefined,
): WatchReport {
  const owner = role === "owner" ? op.state.owners.get(label) : undefined;
  const contact = contactOf(op.state, label);
  const found = owner ? ownerVerdict(owner) : contactVerdict(contact);
  return {
    label,
    role,
    version: owner ? ownerGreatest(owner.monitor) : contact.seen?.version,
    verdict: failure ? verdictOf(failure) : found,
    unexpected: owner?.unexpected.map(describeUnexpected) ?? [],
    failure,
  };
}

function contactVerdict(c: RetainedContact): Verdict {
  const last = c.monitor.map.at(-1);
  const refused =
    c.account && !stands(c.account.status)
      ? `; version ${c.account.version} is refused because of the label's account key`
      : "";
  if (last) {
    const why = `version ${last.version} is still there; no distinguished log entry covers it yet`;
    return verdict("verified, still being monitored", why + refused);
  }
  return verdict(
    "verified",
    `what was looked up is in a part of the log where its owner's monitoring meets it${refused}`,
  );
}

/** Whether the witnesses have seen what the directory has shown. */
async function watchLog(op: Operation): Promise<WatchResult["log"]> {
  let witness: Witnessed | undefined;
  try {
    witness = await conclude(op);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { verdict: verdictOf(error), witness: undefined, failure: error };
  }
  return witness && { verdict: logVerdict(witness), witness, failure: undefined };
}

/** Withdraws a verdict that does not stand without the log. */
function withLog(r: WatchReport, w: Witnessed | undefined, lost: Failure | undefined): WatchReport {
  if (lost && !r.failure && r.verdict.outcome !== "changed") {
    const message = `the log could not be checked: ${lost.message}`;
    const failure = new Failure("undecided", "monitoring", message, { cause: lost });
    return { ...r, failure, verdict: verdictOf(failure) };
  }
  return { ...r, verdict: qualify(w, r.verdict) };
}

/** Monitors the versions of a label that need it. */
async function watchContact(op: Operation, label: string): Promise<void> {
  try {
    await monitorContact(op, label);
  } catch (error) {
    throw isDoubtful(error) ? await seekContradiction(op, label, error) : error;
  }
}

async function monitorContact(op: Operation, label: string): Promise<void> {
  const { view } = op.state;
  const contact = contactOf(op.state, label);
  if (contact.monitor.map.length === 0) return;
  const request = { last: lastSize(view), label: labelBytes(label), entries: [...contact.monitor.map] };
  await op.ask({
    operation: "contact-monitor",
    label,
    request: encodeContactMonitorRequest(request),
    verify(bytes, next) {
      const response = parseContactMonitorResponse(op.env.config, bytes);
      const now = op.env.now();
      const result = op.env.verifier.contactMonitor(view, contact.monitor, request, response, now);
      proceed(next, result, now);
      next.contacts.set(label, { ...contact, monitor: result.contact });
    },
  });
}
