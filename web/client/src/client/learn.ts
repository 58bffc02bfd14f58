import { encodeHex } from "../bytes.js";
import { encodeUpdateRequest } from "../requests.js";
import type { Entry } from "../entry.js";
import { ownerGreatest } from "../owner.js";
import { parseUpdateResponses } from "../responses.js";
import { nextUpdateRequest, type UpdateResult } from "../verify-update.js";
import { lastSize } from "../view.js";
import { foreignVersion } from "../account/index.js";
import { describeAccount, followOne, readValue } from "./account.js";
import { labelBytes } from "./label.js";
import { describeSeen } from "./lookup.js";
import { problemOf } from "./older.js";
import type { Operation } from "./operation.js";
import { confirmClaims, ownerOf } from "./owner.js";
import { proceed } from "./proceed.js";
import type { RetainedOwner, RetainedUnexpected, SeenValue, Standing } from "./state.js";

/**
 * Asks for versions beyond the greatest one known until the directory says that there are none.
 * The directory's word is not proof; owner monitoring is.
 */
export async function learn(op: Operation, label: string): Promise<void> {
  for (;;) {
    try {
      await learnOnce(op, label);
    } catch (error) {
      if (problemOf(error)?.nothingNew) return;
      throw error;
    }
  }
}

/** Sends an update request without values and verifies all responses to it: KEYTRANS, "Updating a Label". */
function learnOnce(op: Operation, label: string): Promise<void> {
  let request = {
    last: lastSize(op.state.view),
    label: labelBytes(label),
    greatestVersion: ownerGreatest(ownerOf(op, label).monitor),
    values: [] as Uint8Array[],
  };
  return op.ask({
    operation: "update",
    label,
    request: encodeUpdateRequest(request),
    async verify(bytes, next) {
      let owner = ownerOf(op, label);
      for (const response of parseUpdateResponses(op.env.config, bytes)) {
        const now = op.env.now();
        const result = op.env.verifier.update(next.view, owner.monitor, request, response, now);
        request = { ...request, ...nextUpdateRequest(request, result) };
        proceed(next, result, now);
        owner = learned(owner, label, result, now);
      }
      next.owners.set(label, await confirmClaims(op, label, next, owner));
    },
  });
}

/** Takes note of new versions. */
function learned(o: RetainedOwner, label: string, r: UpdateResult, now: number): RetainedOwner {
  const unexpected = [...o.unexpected];
  let { last, account } = o;
  r.values.forEach(({ value }, i) => {
    const version = r.first + i;
    const seen = describeSeen(version, r.commitments[i] ?? new Uint8Array(32), value, now);
    account = followNext(label, account, last, seen, value);
    if (o.ready && !isExpected(o, seen)) {
      unexpected.push({ seen, position: r.position, time: undefined, account: describeAccount(account) });
    }
    last = seen;
  });
  return datesOf({ ...o, monitor: r.owner, last, account, unexpected }, [...r.entries, ...r.view.frontier]);
}

/** Whether the owner knows of a version with that value. */
function isExpected(o: RetainedOwner, seen: SeenValue): boolean {
  if (o.since !== undefined && seen.version <= o.since) return true;
  return o.accepted.get(seen.version) === encodeHex(seen.sha256);
}

/** Holds the version after the greatest one known against the account key. */
function followNext(
  label: string,
  account: Standing | undefined,
  last: SeenValue | undefined,
  seen: SeenValue,
  value: Uint8Array,
): Standing | undefined {
  const read = readValue(label, seen.version, seen.commitment, value);
  if (!account && !read.says) return undefined;
  if (!account && last && last.version + 1 === seen.version) {
    // That one said nothing of an account key.
    account = followOne(undefined, foreignVersion(labelBytes(label), last.version, last.commitment));
  }
  return followOne(account, read.version);
}

/** Notes the timestamps of the log entries that created unexpected versions. */
export function datesOf(o: RetainedOwner, entries: readonly Entry[]): RetainedOwner {
  const times = new Map(entries.map((e) => [e.position, e.timestamp]));
  const dated = (u: RetainedUnexpected) => ({ ...u, time: u.time ?? times.get(u.position) });
  return { ...o, unexpected: o.unexpected.map(dated) };
}
