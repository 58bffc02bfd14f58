import { Failure } from "../failure.js";
import type { AbsentResult, LookupResult, ManyResult } from "../results.js";
import { askMany, askSingle, type Outcome } from "./batch.js";
import { type AccountCheck, checkAccount, checkAccounts } from "./checkaccount.js";
import { describeFound, handOut, handOutAbsence } from "./handout.js";
import { type Found, keepContact, type Question } from "./lookup.js";
import { Older } from "./older.js";
import type { Operation } from "./operation.js";
import { concluded } from "./settle.js";

/** A lookup, or the proof that there is nothing. */
type Looked = { readonly found: Found; readonly check: AccountCheck } | { readonly absence: AbsentResult };

/** See Client.lookup. */
export async function lookup(op: Operation, q: Question): Promise<LookupResult | AbsentResult> {
  const { value, witness } = await concluded(op, () => lookUp(op, q));
  if ("absence" in value) return handOutAbsence(value.absence, witness);
  const { found, check } = value;
  await handOut(op, witness, [found]);
  if (found.refused) throw found.refused;
  return describeFound(op, found, check, witness);
}

async function lookUp(op: Operation, q: Question): Promise<Looked> {
  const answer = await askSingle(op, q, keepContact);
  if ("absence" in answer) return answer;
  const { found } = answer;
  return { found, check: await checkAccount(op, found, new Older(op, q.label)) };
}

/** See Client.lookupMany. */
export async function lookupMany(op: Operation, labels: readonly string[]): Promise<ManyResult[]> {
  op.deferred = true;
  const { value, witness } = await concluded(op, async () => {
    const questions = labels.map((label) => ({ label, version: undefined }));
    const outcomes = await askMany(op, questions, keepContact);
    const checks = await checkAccounts(
      op,
      outcomes.flatMap((o) => o.found ?? []),
    );
    return { outcomes, checks };
  });
  const { outcomes, checks } = value;
  const isGood = (o: Outcome) => o.found !== undefined && !(checks.get(o.found) instanceof Failure);
  await handOut(
    op,
    witness,
    outcomes.filter(isGood).flatMap((o) => o.found ?? []),
  );
  await op.flush();
  return outcomes.map((o, i): ManyResult => {
    const label = labels[i] ?? "";
    if (o.absence) return { label, result: handOutAbsence(o.absence, witness) };
    const check = o.found && checks.get(o.found);
    const failure = o.failure ?? o.found?.refused ?? (check instanceof Failure ? check : undefined);
    if (failure || !o.found || !check || check instanceof Failure)
      return { label, failure: failure ?? unknown() };
    return { label, result: describeFound(op, o.found, check, witness) };
  });
}

const unknown = () => new Failure("undecided", "looking up", "there is no answer");
