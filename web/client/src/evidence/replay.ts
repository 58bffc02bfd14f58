import {
  answerAbsence,
  answerSearch,
  parseAbsenceRequest,
  parseAbsenceResponse,
  parseBatchAnswers,
  parseBatchRequest,
} from "../extensions.js";
import { parseDistinguishedRequest, parseOwnerInitRequest, parseSearchRequest } from "../requests.js";
import { parseDistinguishedResponse, parseOwnerInitResponse, parseSearchResponse } from "../responses.js";
import type { DistinguishedResult } from "../verify-distinguished.js";
import { absenceAnswer, searchAnswer, type Answer } from "./answer.js";
import type { Exchange } from "./format.js";
import { checkLast, openExchange, replayTime, type Replay } from "./exchange.js";
import { refuse, Report, type Log } from "./log.js";
import { replayContactMonitor, replayOwnerMonitor } from "./monitoring.js";

/**
 * Verifies an exchange anew. Throws a Refusal "misbehaviour" if the directory contradicts
 * itself. Nothing of the request is relied on: an accuser may have made it up. earlier is
 * what the directory answered before, for those responses that are verified by means of it.
 */
export function replayExchange(l: Log, x: Exchange, earlier: readonly Answer[]): Answer[] {
  const r = openExchange(l, x);
  switch (x.operation) {
    case "search":
      return replaySearch(r);
    case "absence":
      return replayAbsence(r);
    case "batch":
      return replayBatch(r);
    case "distinguished":
      replayDistinguished(r);
      return [];
    case "owner-init":
      replayOwnerInit(r);
      return [];
    case "contact-monitor":
      replayContactMonitor(r, earlier);
      return [];
    case "owner-monitor":
      replayOwnerMonitor(r, earlier);
      return [];
  }
  throw new Report("the response is verified by means of what was remembered of the label");
}

function replaySearch({ log, view, request, response }: Replay): Answer[] {
  const q = parseSearchRequest(request);
  checkLast(view, q.last);
  const p = parseSearchResponse(log.config, q, response);
  return [searchAnswer(q.label, q.version === undefined, log.verifier.search(view, q, p, replayTime))];
}

function replayAbsence({ log, view, request, response }: Replay): Answer[] {
  const q = parseAbsenceRequest(request);
  checkLast(view, q.last);
  const p = parseAbsenceResponse(log.config, response);
  return [absenceAnswer(q.label, log.verifier.absence(view, q, p, replayTime))];
}

function replayBatch({ log, view, request, response }: Replay): Answer[] {
  const q = parseBatchRequest(request);
  checkLast(view, q.last);
  const answers = parseBatchAnswers(log.config, q, response);
  return log.verifier.batch(view, q, answers, replayTime).flatMap((r, i) => {
    const { label, version } = q.queries[i] ?? refuse("an answer to no query");
    if (r.kind === answerSearch) return [searchAnswer(label, version === undefined, r.search)];
    return r.kind === answerAbsence ? [absenceAnswer(label, r.absence)] : [];
  });
}

export function replayDistinguished({ log, view, request, response }: Replay): DistinguishedResult {
  const q = parseDistinguishedRequest(request);
  checkLast(view, q.last);
  const p = parseDistinguishedResponse(log.config, response);
  return log.verifier.distinguished(view, q, p, replayTime);
}

function replayOwnerInit({ log, view, request, response }: Replay): void {
  const q = parseOwnerInitRequest(request);
  checkLast(view, q.last);
  const p = parseOwnerInitResponse(log.config, response);
  log.verifier.ownerInit(view, q, p, replayTime);
}
