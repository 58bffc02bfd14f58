import { askBatch, isLost, type Outcome } from "../client/batch.js";
import { proveAbsent } from "../client/absence.js";
import { type Keeping, observeContact, type Question, search } from "../client/lookup.js";
import { problemOf } from "../client/older.js";
import { contactOf } from "../client/state.js";
import { equalBytes } from "../bytes.js";
import { Refusal } from "../errors.js";
import { maxBatch } from "../extensions.js";
import { Failure, isFailure } from "../failure.js";
import type { Checking } from "./checking.js";

/**
 * How many labels a directory can contradict itself about before it is asked for no more: then
 * it contradicts itself about the log, and whatever it answers proves nothing.
 */
const maxContradictions = 16;

/** Takes note of what became of a question. */
export type Take = (q: Question, o: Outcome) => void;

/**
 * Asks all the questions, with as few requests as possible. What fails in a batch is asked for in
 * parts, so that only the label at fault is without an answer. Throws what concerns all of them.
 */
export async function ask(k: Checking, questions: readonly Question[], take: Take): Promise<void> {
  const parts = [questions];
  let done = 0;
  for (let part = parts.pop(); part; part = parts.pop()) {
    const [first] = part;
    if (!first) continue;
    k.op.progress("looking up", done, questions.length);
    if (k.op.signal?.aborted) throw new Failure("operational", "checking a roster", "it was aborted");
    if (k.broken) {
      for (const q of part) take(q, { failure: k.broken });
      continue;
    }
    const isBatch = k.batches && part.length > 1;
    const asked = isBatch ? part.slice(0, maxBatch) : [first];
    try {
      const found = isBatch ? await askBatch(k.op, asked, keepMember(k)) : [await askOne(k, first)];
      found.forEach((o, i) => part?.[i] && take(part[i], o));
      done += found.length;
      parts.push(part.slice(found.length));
    } catch (error) {
      parts.push(...refusedParts(k, part, asked, error, take));
    }
  }
  k.op.progress("looking up", questions.length, questions.length);
}

/** What is left to ask for of a part of which some was asked for in vain. Throws what concerns all of it. */
function refusedParts(
  k: Checking,
  part: readonly Question[],
  asked: readonly Question[],
  error: unknown,
  take: Take,
): (readonly Question[])[] {
  if (asked.length > 1 && problemOf(error)?.lacksOperation) {
    k.batches = false;
    return [part];
  }
  if (!(error instanceof Failure) || isUnstored(k, error)) throw error;
  if (isLost(k.op, error)) {
    k.broken = error;
    return [part];
  }
  const rest = part.slice(asked.length);
  if (asked.length > 1) {
    const half = Math.ceil(asked.length / 2);
    return [rest, asked.slice(half), asked.slice(0, half)];
  }
  asked.forEach((q) => take(q, failed(k, error)));
  return [rest];
}

async function askOne(k: Checking, q: Question): Promise<Outcome> {
  try {
    return { found: await search(k.op, q, keepMember(k)) };
  } catch (error) {
    return { absence: await proveAbsent(k.op, q, error) };
  }
}

/** Whether an error says that the state could not be stored, or that the user gave up. */
export function isUnstored(k: Checking, error: Failure): boolean {
  return (
    error.kind === "operational" &&
    (k.op.signal?.aborted === true || !(problemOf(error) || isLost(k.op, error)))
  );
}

/** What became of a question that got no answer to believe. */
function failed(k: Checking, error: Failure): Outcome {
  if (isFailure(error, "misbehaviour") && k.evidence.size >= maxContradictions) {
    const message = "it was not asked for, because the directory contradicted itself too often";
    k.broken = new Failure("undecided", "asking for labels", message);
  }
  return { failure: error };
}

/**
 * Holds a search against what else was proven in this check, and makes the changes that follow
 * from it: what is to be monitored. What lookups have seen is left as it is, for the next one to
 * tell of a change; and a label is made a contact only if there is something to monitor.
 */
function keepMember(k: Checking): Keeping {
  return (op, next, found) => {
    const { label, result, commitment, greatest } = found;
    const f = k.of(label);
    const before = f.commitments.get(result.version);
    if (before && !equalBytes(before, commitment)) {
      const message = `the log committed to another value of version ${result.version} before`;
      throw new Refusal("misbehaviour", message);
    }
    const newest = f.versions[0];
    if (greatest && newest && result.version < newest.number) {
      const message = `the log proved that version ${newest.number} exists, and now that version ${result.version} is the greatest`;
      throw new Refusal("misbehaviour", message);
    }
    const known = next.contacts.get(label);
    const c = observeContact(op, contactOf(next, label), found);
    if (known || c.monitor.map.length > 0) next.contacts.set(label, c);
  };
}
