import { Refusal } from "./errors.js";
import {
  answerAbsence,
  answerSearch,
  type BatchAnswer,
  type BatchQuery,
  type BatchRequest,
} from "./extensions.js";
import type { FullTreeHead } from "./head.js";
import type { Rules } from "./session.js";
import { verifyAbsence, type AbsenceResult } from "./verify-absence.js";
import { verifySearch, type SearchResult } from "./verify-search.js";
import type { View } from "./view.js";

/** The verified answer to one BatchQuery. Kinds 3 to 5 are claims with nothing to verify. */
export type BatchResult =
  | { readonly kind: typeof answerSearch; readonly search: SearchResult }
  | { readonly kind: typeof answerAbsence; readonly absence: AbsenceResult }
  | { readonly kind: 3 | 4 | 5 };

/** See Verifier.batch. */
export function verifyBatch(
  rules: Rules,
  view: View,
  q: BatchRequest,
  answers: readonly BatchAnswer[],
  now: number,
): BatchResult[] {
  if (answers.length === 0 || answers.length > q.queries.length) {
    throw new Refusal("proof", `${answers.length} answers to ${q.queries.length} queries`);
  }
  let proven = false;
  return answers.map((answer, i) => {
    if (proven && answerHead(answer)?.treeHead) {
      throw new Refusal("proof", `answer ${i} is from another state of the log`);
    }
    const result = verifyAnswer(rules, view, q.queries[i] as BatchQuery, answer, now);
    const verified = batchVerified(result);
    if (verified) {
      view = verified.view;
      proven = true;
    }
    return result;
  });
}

function answerHead(a: BatchAnswer): FullTreeHead | undefined {
  if (a.kind === answerSearch) return a.search.fullTreeHead;
  return a.kind === answerAbsence ? a.absence.fullTreeHead : undefined;
}

/** What a result establishes, undefined if it is a claim. */
export function batchVerified(r: BatchResult): SearchResult | AbsenceResult | undefined {
  if (r.kind === answerSearch) return r.search;
  return r.kind === answerAbsence ? r.absence : undefined;
}

/** Verifies one answer as that to the request that the query stands for. */
function verifyAnswer(rules: Rules, view: View, q: BatchQuery, a: BatchAnswer, now: number): BatchResult {
  switch (a.kind) {
    case answerSearch:
      return { kind: a.kind, search: verifySearch(rules, view, q, a.search, now) };
    case answerAbsence:
      return { kind: a.kind, absence: verifyAbsence(rules, view, q, a.absence, now) };
    default:
      return { kind: a.kind };
  }
}
