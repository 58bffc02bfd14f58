import { stands } from "../account/index.js";
import { Failure, isFailure } from "../failure.js";
import type { AccountEvent, AccountStatus } from "../results.js";
import type { Outcome as VerdictOutcome } from "../verdict.js";
import {
  announces,
  describeAccount,
  Following,
  isKeyless,
  judgeAlone,
  nextVersion,
  type Past,
  readAccount,
} from "./account.js";
import { isLost } from "./batch.js";
import { timeText } from "./head.js";
import type { Found } from "./lookup.js";
import { askOlder, lookedAt, Older, stepAccount } from "./older.js";
import type { Operation } from "./operation.js";
import { contactOf, type Standing } from "./state.js";
import { maxBatch } from "../extensions.js";

/** What the account key says of a lookup. */
export interface AccountCheck {
  readonly account: AccountStatus | undefined;
  /** What a verdict's reason says of it; empty without an account key. */
  readonly reason: string;
  /** The label came to another account key than this client had verified, without that one's signature. */
  readonly outcome: VerdictOutcome | undefined;
}

const nothing: AccountCheck = { account: undefined, reason: "", outcome: undefined };

/**
 * Holds a lookup against the account key of its label, if it has one: also sets why the version is
 * not to be handed out (f.refused). What follows from it is stored when the result is handed out.
 * Throws a Failure if versions in between could not be looked up.
 */
export async function checkAccount(op: Operation, f: Found, older: Older): Promise<AccountCheck> {
  const { version } = f.result;
  let known = contactOf(op.state, f.label).account;
  if (isKeyless(known, version)) return nothing;
  const last = readAccount(f);
  f.refused = refuseOlder(known, f, last);
  if (f.refused) return nothing;
  f.knewKey = known?.key !== undefined;
  if (known && known.version > version) known = undefined; // of an older version, nothing is retained
  const following = await followFound(f, older, known, last);
  const chain = following.chain;
  if (!chain) return nothing;
  f.standing = chain;
  f.refused = refuse(chain, f, last);
  const account = describeAccount(chain, following.events);
  if (!account) return nothing;
  const reset = f.knewKey && eventOf(account, "reset");
  return { account, reason: accountReason(f, account), outcome: reset ? "changed" : undefined };
}

function followFound(f: Found, older: Older, known: Standing | undefined, last: Past): Promise<Following> {
  if (known?.version === f.result.version) return Promise.resolve(new Following(known, undefined));
  const isSilent = known?.key === undefined && !f.names;
  return isSilent ? older.lookBack(known, last) : older.followTo(known, last);
}

const refusedHint =
  "somebody made it without the owner's account key: the directory, or whoever may write there. Ask the owner by other means; the label can be used again once the owner has published a signed version";

/** Why a version must not be handed out; undefined if it may. */
function refuse(s: Standing, f: Found, v: Past): Failure | undefined {
  const { version } = f.result;
  if (s.version < version) {
    const more = `versions up to ${s.version} were held against the label's account key, and there are ${version - s.version} more up to version ${version}`;
    return new Failure("undecided", stepAccount, more, {
      hint: "look it up again, which goes on from there",
    });
  }
  if (stands(s.status)) return undefined;
  if (s.status === "unconnected") {
    const message = `version ${version} is signed by an account key that does not follow from the one known before, and versions in between are not to be had: its keys are refused`;
    const hint =
      "as after a reset, ask the owner by other means. To begin anew with what is there now, forget the contact and look the label up again";
    return new Failure("attention", stepAccount, message, { hint });
  }
  const why = v.version.problem ? ` (${v.version.problem.message})` : "";
  const message = `version ${version} is not signed by the label's account key${why}: its keys are refused`;
  const stood =
    s.key !== undefined && s.stood < version ? `. The last one that stands is version ${s.stood}` : "";
  return new Failure("attention", stepAccount, message, { hint: refusedHint + stood });
}

/**
 * Why an older version than those that a standing is about must not be handed out, as far as that
 * alone shows: what is looked back over from an older version need not reach the one that brought
 * the account key.
 */
function refuseOlder(s: Standing | undefined, f: Found, v: Past): Failure | undefined {
  const { version } = f.result;
  if (!s || s.version <= version) return undefined;
  if (stands(judgeAlone(s, v.version)) || announces(v.version, s.key)) return undefined;
  return refuse({ ...s, version, status: "unsigned", stood: version }, f, v);
}

/** The newest event of a status. */
function eventOf(a: AccountStatus, status: AccountEvent["status"]): AccountEvent | undefined {
  return a.events.filter((e) => e.status === status).at(-1);
}

const when = (e: AccountEvent) => (e.time === undefined ? "" : ` (in the log by ${timeText(e.time)})`);

/** What a verdict says of the account key. */
function accountReason(f: Found, a: AccountStatus): string {
  const { version } = f.result;
  const out: string[] = [];
  const [reset, announced] = [eventOf(a, "reset"), eventOf(a, "reset announced")];
  if (reset) {
    out.push(
      `IDENTITY RESET: version ${reset.version}${when(reset)} has another account key, made without the one before`,
    );
    if (announced && announced.version < reset.version)
      out.push(`version ${announced.version}${when(announced)} announced it`);
    out.push("ask the owner by other means whether that was them");
  }
  const unchecked = f.knewKey && eventOf(a, "unchecked");
  if (unchecked) {
    out.push(
      `versions before version ${unchecked.version} are not to be had, so the label may have had another account key meanwhile`,
    );
  }
  const rotated = eventOf(a, "rotated");
  if (rotated)
    out.push(`version ${rotated.version}${when(rotated)} changed the account key, signed by the old one`);
  const unsigned = eventOf(a, "unsigned");
  if (unsigned && unsigned.version !== version) {
    out.push(
      `version ${unsigned.version}${when(unsigned)} was not signed by the account key, and does not count`,
    );
  }
  if (a.announced !== undefined) {
    out.push(
      `version ${version} announces another account key: unless the owner cancels that, the next version may be made without the present one`,
    );
  } else if (a.key !== undefined && stands(a.status)) {
    out.push(`signed by the label's account key, which is that since version ${a.since}`);
  }
  if (a.followedFrom > 0 && a.key !== undefined)
    out.push(`the account key was followed from version ${a.followedFrom} on`);
  return out.map((s) => `; ${s}`).join("");
}

/**
 * Asks for the versions that are looked at before those that many lookups found, with no more
 * requests than have room for them all. Returns where older versions come from, for each label.
 */
async function lookBackMany(op: Operation, found: readonly Found[]): Promise<Map<string, Older>> {
  const sources = new Map<string, Older>();
  const ranked: { rank: number; label: string; version: number }[] = [];
  for (const f of found) {
    if (sources.has(f.label)) continue;
    sources.set(f.label, new Older(op, f.label));
    wantedBefore(op, f).forEach((version, rank) => ranked.push({ rank, label: f.label, version }));
  }
  let questions = ranked.sort((a, b) => a.rank - b.rank);
  const requests = Math.ceil(questions.length / maxBatch);
  for (let i = 0; i < requests && questions.length > 1; i++) {
    const answered = await askOlder(op, questions.slice(0, maxBatch), (label) => sources.get(label));
    if (answered === 0) break;
    questions = questions.slice(answered);
  }
  return sources;
}

/** The versions that are looked at before the one that was found; none if it is not looked back from it. */
function wantedBefore(op: Operation, f: Found): number[] {
  let known = contactOf(op.state, f.label).account;
  const { version } = f.result;
  if (f.names || isKeyless(known, version)) return [];
  if (known && known.version > version) known = undefined;
  return known?.key !== undefined ? [] : lookedAt(nextVersion(known), version);
}

/**
 * Checks many lookups. One whose versions cannot be looked up does not keep others from being
 * checked. Throws a Failure of the kind misbehaviour.
 */
export async function checkAccounts(
  op: Operation,
  found: readonly Found[],
): Promise<Map<Found, AccountCheck | Failure>> {
  const sources = await lookBackMany(op, found);
  const out = new Map<Found, AccountCheck | Failure>();
  let broken: Failure | undefined; // the directory is not reached any more
  for (const f of found) {
    const older = sources.get(f.label) ?? new Older(op, f.label);
    try {
      if (broken && f.unsettled) throw broken;
      out.set(f, await checkAccount(op, f, older));
    } catch (error) {
      if (!(error instanceof Failure) || isFailure(error, "misbehaviour") || op.signal?.aborted) throw error;
      if (isLost(op, error)) broken = error;
      out.set(f, error);
    }
  }
  return out;
}
