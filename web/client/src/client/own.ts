import { encodeHex } from "../bytes.js";
import { stands } from "../account/index.js";
import { ownerGreatest } from "../owner.js";
import type { OwnResult, Unexpected, Witnessed } from "../results.js";
import { type Verdict, verdict } from "../verdict.js";
import { describeAccount } from "./account.js";
import { usage } from "./errors.js";
import { asSeen } from "./handout.js";
import { headOf } from "./head.js";
import type { Operation } from "./operation.js";
import { ownerOf, watchOwner } from "./owner.js";
import { concluded } from "./settle.js";
import { cloneState, type RetainedOwner, type RetainedUnexpected } from "./state.js";
import { qualify } from "./witnessed.js";

/** See Client.own. */
export async function own(op: Operation, label: string): Promise<OwnResult> {
  const taken = !op.state.owners.get(label)?.ready;
  const { witness } = await concluded(op, () => watchOwner(op, label));
  return ownResult(op, label, taken, witness);
}

/** See Client.accept. */
export async function accept(op: Operation, label: string, version: number): Promise<OwnResult> {
  if (!op.state.owners.has(label)) throw usage("the label is not owned");
  const owner = ownerOf(op, label);
  const found = owner.unexpected.find((u) => u.seen.version === version);
  if (!found) throw usage(`version ${version} is not one that is waiting to be accepted`);
  const next = cloneState(op.state);
  const accepted = new Map(owner.accepted).set(version, encodeHex(found.seen.sha256));
  next.owners.set(label, { ...owner, accepted, unexpected: owner.unexpected.filter((u) => u !== found) });
  await op.store(next);
  const r = ownResult(op, label, false, undefined);
  return { ...r, verdict: notAsked(op, r.verdict) };
}

/** The verdict on what rests on log entries that may be pending, if nothing was asked about them. */
function notAsked(op: Operation, v: Verdict): Verdict {
  const isPending = (op.state.witness?.pending.length ?? 0) > 0;
  if (!isPending || v.outcome === "changed") return v;
  const why = "whether the public log has everything that this rests on was not asked";
  return { ...v, outcome: "verified, still being monitored", reason: `${v.reason}; ${why}` };
}

function ownResult(
  op: Operation,
  label: string,
  takenOver: boolean,
  witness: Witnessed | undefined,
): OwnResult {
  const o = ownerOf(op, label);
  return {
    label,
    takenOver,
    greatest: ownerGreatest(o.monitor),
    last: o.last && asSeen(o.last),
    verifiedUpTo: o.monitor.start,
    unexpected: o.unexpected.map(describeUnexpected),
    account: describeAccount(o.account),
    head: headOf(op.state.view),
    verdict: qualify(witness, ownerVerdict(o)),
    witness,
  };
}

/** An unexpected version as results have it. */
export function describeUnexpected(u: RetainedUnexpected): Unexpected {
  const { version, value, sha256, at } = u.seen;
  return {
    version,
    logEntry: u.position,
    logEntryTime: u.time,
    value,
    sha256,
    foundAt: at,
    account: u.account,
  };
}

/** What monitoring an owned label has found. */
export function ownerVerdict(o: RetainedOwner): Verdict {
  const v = monitoringVerdict(o);
  const { account } = o;
  if (!account) return v;
  if (account.announced !== undefined) {
    return { ...v, reason: `${v.reason}; version ${account.version} announces another account key` };
  }
  if (stands(account.status)) return v;
  const refused = `version ${account.version} is not signed by the label's account key, and contacts refuse it`;
  return { ...v, reason: `${v.reason}; ${refused}` };
}

function monitoringVerdict(o: RetainedOwner): Verdict {
  const greatest = ownerGreatest(o.monitor);
  const [first] = o.unexpected;
  const { length } = o.unexpected;
  const { start } = o.monitor;
  if (first) {
    const which = `version ${first.seen.version} is not one that you accepted`;
    const more = `${length} versions, the first is ${first.seen.version}, are not ones that you accepted`;
    return verdict("changed", length === 1 ? which : more);
  }
  if (greatest === undefined) return verdict("verified", `the label has no version up to log entry ${start}`);
  if (o.monitor.created.length > 0 || o.monitor.contact.map.length > 0) {
    const why = `version ${greatest} is in the log; it has yet to be found in a distinguished log entry`;
    return verdict("verified, still being monitored", why);
  }
  return verdict(
    "verified",
    `up to log entry ${start}, no version but yours exists; the greatest is ${greatest}`,
  );
}
