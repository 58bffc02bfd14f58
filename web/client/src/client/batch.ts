import {
  answerAbsence,
  answerSearch,
  type BatchAnswer,
  encodeAbsenceRequest,
  encodeAbsenceResponse,
  encodeBatchRequest,
  maxBatch,
  parseBatchAnswers,
} from "../extensions.js";
import { Refusal } from "../errors.js";
import { Failure, isFailure } from "../failure.js";
import { NetworkError } from "../problem.js";
import { encodeSearchRequest } from "../requests.js";
import { encodeSearchResponse } from "../responses.js";
import type { AbsentResult } from "../results.js";
import type { BatchResult } from "../verify-batch.js";
import { lastSize } from "../view.js";
import { proveAbsent, takeAbsence } from "./absence.js";
import { contradiction } from "./contradiction.js";
import { labelBytes } from "./label.js";
import { type Found, keepFound, type Keeping, type Question, search, take } from "./lookup.js";
import { problemOf } from "./older.js";
import type { Exchange, Operation } from "./operation.js";
import type { State } from "./state.js";

/** What became of one of many questions. One of them is there. */
export interface Outcome {
  readonly found?: Found;
  readonly absence?: AbsentResult;
  readonly failure?: Failure;
  /** With a failure: the kind of the answer in a batch that says so. It is a claim. */
  readonly claim?: BatchAnswer["kind"];
}

/**
 * Asks questions, in batches if the directory has them. There is an outcome for each. Throws a
 * Failure of the kind misbehaviour; others belong to labels.
 */
export async function askMany(
  op: Operation,
  questions: readonly Question[],
  keep: Keeping,
): Promise<Outcome[]> {
  const out: Outcome[] = [];
  let batches = questions.length > 1 && !op.env.lacksBatches;
  while (out.length < questions.length) {
    op.progress("looking up", out.length, questions.length);
    const rest = questions.slice(out.length);
    try {
      if (batches) out.push(...(await askBatch(op, rest.slice(0, maxBatch), keep)));
      else out.push(await askOne(op, rest[0] as Question, keep));
    } catch (error) {
      if (isFailure(error, "misbehaviour") || op.signal?.aborted) throw error;
      if (batches && problemOf(error)?.lacksOperation) {
        op.env.lacksBatches = true;
        batches = false;
      }
      // The rest would fare no better.
      else if (error instanceof Failure) rest.forEach(() => out.push({ failure: error }));
      else throw error;
    }
  }
  op.progress("looking up", out.length, questions.length);
  return out;
}

/** Whether what follows would fare no better. */
export function isLost(op: Operation, error: unknown): boolean {
  return op.signal?.aborted === true || (error instanceof Failure && error.cause instanceof NetworkError);
}

/** What a question has for an answer: something, or the proof that there is nothing. */
export type Answered = { readonly found: Found } | { readonly absence: AbsentResult };

/**
 * Asks one question. A batch has what a search has, and the proof of what does not exist with the
 * same status: a browser tells its user of other statuses as of errors. What a batch has no answer
 * to is searched for, and what a search is denied is to be proven. Throws a Failure.
 */
export async function askSingle(op: Operation, q: Question, keep: Keeping): Promise<Answered> {
  const one = op.env.lacksBatches ? undefined : await askBatchOfOne(op, q, keep);
  if (one?.found) return { found: one.found };
  if (one?.absence) return { absence: one.absence };
  try {
    return { found: await search(op, q, keep) };
  } catch (error) {
    return { absence: await proveAbsent(op, q, error) };
  }
}

/** Nothing if the directory refuses the batch: it has less room for batches than for searches. */
async function askBatchOfOne(op: Operation, q: Question, keep: Keeping): Promise<Outcome | undefined> {
  try {
    return (await askBatch(op, [q], keep))[0];
  } catch (error) {
    const problem = problemOf(error);
    if (!problem || op.signal?.aborted) throw error;
    if (problem.lacksOperation) op.env.lacksBatches = true;
    return undefined;
  }
}

/** Asks one of many questions by itself. Throws what concerns others, too. */
async function askOne(op: Operation, q: Question, keep: Keeping): Promise<Outcome> {
  try {
    return await askSingle(op, q, keep);
  } catch (error) {
    if (!(error instanceof Failure) || error.kind === "misbehaviour" || isLost(op, error)) throw error;
    return { failure: error };
  }
}

/** Asks questions with one request. The directory may answer the first of them only. */
export async function askBatch(
  op: Operation,
  questions: readonly Question[],
  keep: Keeping,
): Promise<Outcome[]> {
  const request = {
    last: lastSize(op.state.view),
    queries: questions.map((q) => ({ label: labelBytes(q.label), version: q.version })),
  };
  const [alone, ...others] = questions;
  const out = await op.ask<Outcome[]>({
    operation: "batch",
    ...(alone && others.length === 0 && { label: alone.label }),
    request: encodeBatchRequest(request),
    async verify(bytes, next) {
      const answers = parseBatchAnswers(op.env.config, request, bytes);
      const results = op.env.verifier.batch(next.view, request, answers, op.env.now());
      const outcomes: Outcome[] = [];
      for (const [i, result] of results.entries()) {
        const [q, answer] = [questions[i], answers[i]];
        if (q && answer)
          outcomes.push(await takeAnswer(op, next, q, answer, result, keep, questions.length === 1));
      }
      return outcomes;
    },
  });
  for (const { found } of out) if (found) await keepFound(op, found);
  return out;
}

/** Makes the changes to next that follow from a verified answer to one question. */
async function takeAnswer(
  op: Operation,
  next: State,
  q: Question,
  answer: BatchAnswer,
  result: BatchResult,
  keep: Keeping,
  isAlone: boolean,
): Promise<Outcome> {
  const exchange = singleExchange(op, next, q, answer);
  const before = next.view;
  try {
    if (result.kind === answerSearch && answer.kind === answerSearch) {
      const f = { label: q.label, greatest: q.version === undefined, before, exchange, at: op.env.now() };
      return { found: take(op, next, { ...f, response: answer.search, result: result.search }, keep) };
    }
    if (result.kind === answerAbsence && answer.kind === answerAbsence) {
      return {
        absence: takeAbsence(op, next, q, { before, response: answer.absence, result: result.absence }),
      };
    }
  } catch (error) {
    // That of one label does not keep the others from being looked up.
    if (isFailure(error, "attention") && !isAlone) return { failure: error };
    // With what is retained of this label.
    if (error instanceof Refusal && error.kind === "misbehaviour")
      throw await contradiction(op, exchange, error);
    throw error;
  }
  const what = { 3: "the value was erased", 4: "the version has expired" }[answer.kind as number];
  const message = `the directory says that ${what ?? "it cannot answer for this label"}; that is not proven`;
  return { failure: new Failure("undecided", "asking for batch", message), claim: answer.kind };
}

/**
 * What the exchange for one answer of a batch would have been if it had been asked for by itself,
 * with the view that the answers before it lead to (docs/extensions.md).
 */
function singleExchange(op: Operation, next: State, q: Question, answer: BatchAnswer): Exchange {
  const { view, proofs } = next;
  const request = { last: lastSize(view), label: labelBytes(q.label), version: q.version };
  const x = { operation: "batch", label: q.label, request: none, response: none, view, proofs };
  if (answer.kind === answerSearch) {
    const response = encodeSearchResponse(op.env.config, answer.search);
    return { ...x, operation: "search", request: encodeSearchRequest(request), response };
  }
  if (answer.kind !== answerAbsence) return x;
  const response = encodeAbsenceResponse(op.env.config, answer.absence);
  return { ...x, operation: "absence", request: encodeAbsenceRequest(request), response };
}

const none = new Uint8Array();
