import { equalBytes } from "../bytes.js";
import { Failure } from "../failure.js";
import type { AbsentResult, AccountStatus, HistoryResult, HistoryVersion, LookupResult } from "../results.js";
import { verdictOf } from "../failure.js";
import { type Verdict, verdict } from "../verdict.js";
import { describeAccount, Following, missingPast, nextVersion, readAccount } from "./account.js";
import { askBatch, askSingle } from "./batch.js";
import { type AccountCheck, checkAccount } from "./checkaccount.js";
import { asSeen, describeFound, handOut, handOutAbsence } from "./handout.js";
import { countOf, headOf } from "./head.js";
import { type Found, keepContact, search } from "./lookup.js";
import { maxLookedBack, Older, problemOf, range } from "./older.js";
import type { Operation } from "./operation.js";
import { concluded } from "./settle.js";
import { contactOf, type Standing } from "./state.js";
import { qualify } from "./witnessed.js";

/** A version of a history: found, or what the directory says in place of a value. */
type Past = {
  readonly version: number;
  readonly found?: Found;
  readonly missing?: Missing;
  readonly failure?: Failure;
};
type Missing = NonNullable<HistoryVersion["missing"]>;

const silent: AccountCheck = { account: undefined, reason: "", outcome: undefined };

/** See Client.history. */
export async function history(
  op: Operation,
  label: string,
  limit: number,
): Promise<HistoryResult | AbsentResult> {
  const { value, witness } = await concluded(op, () => collect(op, label, limit));
  if ("absence" in value) return handOutAbsence(value.absence, witness);
  const { newest, check, pasts, accounts } = value;
  await handOut(op, witness, [newest]);
  const skipped = provenSkipped(pasts);
  const versions = pasts.map((p): HistoryVersion => {
    const account = accounts.get(p.version);
    if (p.found) {
      const lookup = { ...describeFound(op, p.found, p.found === newest ? check : silent, witness), account };
      return { version: p.version, lookup, account, verdict: lookup.verdict };
    }
    const isProven = p.missing === "skipped" && skipped.has(p.version);
    const why = "the log has the version with a commitment that nothing opens: it was skipped";
    const v = isProven ? qualify(witness, verdict("verified", why)) : verdictOf(p.failure);
    return {
      version: p.version,
      lookup: undefined,
      ...(p.missing && { missing: p.missing }),
      account,
      verdict: v,
    };
  });
  const first = versions[0]?.lookup as LookupResult;
  const before = newest.changed && asSeen(newest.changed);
  return {
    kind: "found",
    label,
    versions,
    more: (pasts.at(-1)?.version ?? 0) > 0,
    head: headOf(op.state.view),
    before,
    verdict: newest.refused ? verdictOf(newest.refused) : summary(versions, first.verdict),
    witness,
  };
}

/** What a history comes to. */
function summary(versions: readonly HistoryVersion[], newest: Verdict): Verdict {
  if (newest.outcome === "changed" || newest.outcome === "could not check") return newest;
  const missing = versions.filter((v) => v.verdict.outcome === "could not check").length;
  const all = countOf(versions.length, "version", "versions");
  if (missing > 0) {
    return verdict(
      "could not check",
      `the directory says of ${missing} of ${all} that there is no value or none any more; the others are proven`,
    );
  }
  const isMonitored = newest.outcome !== "verified";
  return { ...newest, reason: `${all} proven${isMonitored ? `; ${newest.reason}` : ""}` };
}

interface Collected {
  readonly newest: Found;
  readonly check: AccountCheck;
  /** Newest first. */
  readonly pasts: readonly Past[];
  readonly accounts: ReadonlyMap<number, AccountStatus>;
}

async function collect(
  op: Operation,
  label: string,
  limit: number,
): Promise<Collected | { absence: AbsentResult }> {
  const answer = await askSingle(op, { label, version: undefined }, keepContact);
  if ("absence" in answer) return answer;
  const newest = answer.found;
  const greatest = newest.result.version;
  const lowest = limit > 0 ? Math.max(greatest - limit + 1, 0) : 0;
  const pasts: Past[] = [{ version: greatest, found: newest }];
  const wanted = range(lowest, greatest).reverse();
  const batched = await foundInBatches(op, label, wanted);
  for (const version of wanted) {
    op.progress("reading versions", pasts.length, wanted.length + 1);
    const found = batched.get(version);
    pasts.push(found ? { version, found } : await olderVersion(op, label, version));
  }
  const known = contactOf(op.state, label).account;
  const older = olderOf(op, label, pasts);
  const check = await checkAccount(op, newest, older);
  return { newest, check, pasts, accounts: await accountsOf(older, known, newest, check, pasts) };
}

/** Those of the versions that have a value, with few requests. */
async function foundInBatches(
  op: Operation,
  label: string,
  versions: readonly number[],
): Promise<Map<number, Found>> {
  const out = new Map<number, Found>();
  let rest = [...versions];
  while (rest.length > 1) {
    const questions = rest.slice(0, 255).map((version) => ({ label, version }));
    let answers;
    try {
      answers = await askBatch(op, questions, keepContact);
    } catch (error) {
      if (!(error instanceof Failure) || error.kind === "misbehaviour" || op.signal?.aborted) throw error;
      break; // one by one
    }
    for (const { found } of answers) if (found) out.set(found.result.version, found);
    op.progress("reading versions", versions.length - rest.length, versions.length);
    rest = rest.slice(answers.length);
  }
  return out;
}

const missing: Record<string, Missing> = {
  "version-expired": "expired",
  erased: "erased",
  "version-skipped": "skipped",
  "no-such-version": "denied",
};

/** Looks up one version. That it has expired, was erased or skipped is no error. */
async function olderVersion(op: Operation, label: string, version: number): Promise<Past> {
  try {
    return { version, found: await search(op, { label, version }, keepContact) };
  } catch (error) {
    const what = missing[problemOf(error)?.type ?? ""];
    if (!what || !(error instanceof Failure)) throw error;
    return { version, missing: what, failure: error };
  }
}

/** The versions that searches have proven to be skipped: nothing opens that commitment. */
function provenSkipped(pasts: readonly Past[]): Set<number> {
  const out = new Set<number>();
  for (const { found } of pasts) {
    for (const [version, key] of found?.result.keys ?? []) {
      if (key.proven && key.commitment && equalBytes(key.commitment, new Uint8Array(32))) out.add(version);
    }
  }
  return out;
}

function olderOf(op: Operation, label: string, pasts: readonly Past[]): Older {
  const older = new Older(op, label);
  for (const p of pasts)
    older.had.set(p.version, p.found ? readAccount(p.found) : missingPast(label, p.version));
  return older;
}

/** What the account key says of each version of a history: nothing if the label has none. */
async function accountsOf(
  older: Older,
  known: Standing | undefined,
  newest: Found,
  check: AccountCheck,
  pasts: readonly Past[],
): Promise<Map<number, AccountStatus>> {
  const out = new Map<number, AccountStatus>();
  const oldest = pasts.at(-1)?.version ?? 0;
  if (!check.account && !pasts.some((p) => older.says(p.version))) return out;
  const { chain, first } = await before(older, known, oldest);
  const f = new Following(chain, known);
  for (const version of range(first, newest.result.version + 1)) {
    f.follow(await older.get(version));
    const account = describeAccount(f.chain);
    if (account && version >= oldest) out.set(version, account);
  }
  return out;
}

const maxFollowed = 256;

/**
 * What a version is to be held against, and the first version before it that is looked up for that:
 * those since what is known of the account key, or some.
 */
async function before(
  older: Older,
  known: Standing | undefined,
  version: number,
): Promise<{ chain: Standing | undefined; first: number }> {
  let first = Math.max(version - maxLookedBack, 0);
  let chain = known;
  const next = nextVersion(known);
  const isFar = known?.key !== undefined && next + maxFollowed < version;
  if (next > version || isFar) chain = undefined;
  else if (known?.key !== undefined || next > first) first = next;
  await older.fetch(range(first, version));
  return { chain, first };
}
