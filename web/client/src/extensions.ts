// The messages of this project's extensions "ghostlight absence, version 1" and "ghostlight
// batch, version 1": docs/extensions.md. The draft has nothing of it.
//
// The parse functions throw a Refusal of the kind "malformed", the encode functions a
// RangeError for a member that does not fit.

import { parse, Reader, Writer } from "./codec.js";
import type { Configuration } from "./config.js";
import { type FullTreeHead, readFullTreeHead, writeFullTreeHead } from "./head.js";
import * as proof from "./proof.js";
import type { BinaryLadderStep, CombinedTreeProof } from "./proof.js";
import { encodeSearchRequest, parseSearchRequest } from "./requests.js";
import { readSearchResponse, type SearchResponse, writeSearchResponse } from "./responses.js";

/**
 * Asks for proof that a label does not have `version`, which is greater than its greatest one,
 * or, if that is absent, that it has no version.
 */
export interface AbsenceRequest {
  last?: number | undefined;
  label: Uint8Array;
  version?: number | undefined;
}

/**
 * Answers an AbsenceRequest: a greatest-version search with the outcome `greatest`, absent for a
 * label without versions, and without a value.
 */
export interface AbsenceResponse {
  fullTreeHead: FullTreeHead;
  greatest?: number;
  /** At most 255. */
  binaryLadder: BinaryLadderStep[];
  absence: CombinedTreeProof;
}

/** An AbsenceRequest has the members of a SearchRequest, and its encoding. */
export function encodeAbsenceRequest(q: AbsenceRequest): Uint8Array {
  return encodeSearchRequest(q);
}

/** Decodes an AbsenceRequest, which must be all there is. Throws a Refusal "malformed". */
export function parseAbsenceRequest(bytes: Uint8Array): AbsenceRequest {
  return parseSearchRequest(bytes);
}

function writeAbsenceResponse(w: Writer, c: Configuration, p: AbsenceResponse): void {
  writeFullTreeHead(w, c, p.fullTreeHead);
  w.optional32(p.greatest);
  proof.writeLadder(w, c, p.binaryLadder);
  proof.writeCombinedTreeProof(w, p.absence);
}

function readAbsenceResponse(r: Reader, c: Configuration): AbsenceResponse {
  const fullTreeHead = readFullTreeHead(r, c);
  const greatest = r.optional32("greatest");
  const rest = { binaryLadder: proof.readLadder(r, c), absence: proof.readCombinedTreeProof(r) };
  return greatest === undefined ? { fullTreeHead, ...rest } : { fullTreeHead, greatest, ...rest };
}

/** Encodes an AbsenceResponse. */
export function encodeAbsenceResponse(c: Configuration, p: AbsenceResponse): Uint8Array {
  const w = new Writer();
  writeAbsenceResponse(w, c, p);
  return w.bytes();
}

/** Decodes an AbsenceResponse, which must be all there is. Throws a Refusal "malformed". */
export function parseAbsenceResponse(c: Configuration, bytes: Uint8Array): AbsenceResponse {
  return parse(bytes, (r) => readAbsenceResponse(r, c));
}

/** How many queries one BatchRequest can hold. */
export const maxBatch = 255;

/** Asks for a label's value: at `version`, or the greatest version if that is absent. */
export interface BatchQuery {
  label: Uint8Array;
  version?: number | undefined;
}

/** Asks for the values of several labels, all from one state of the log. */
export interface BatchRequest {
  last?: number | undefined;
  /** 1 to maxBatch. */
  queries: BatchQuery[];
}

/** What an answer in a batch holds: docs/extensions.md. */
export const answerSearch = 1;
export const answerAbsence = 2;
export const answerErased = 3;
export const answerExpired = 4;
export const answerRefused = 5;

/**
 * Answers one BatchQuery. The kinds 3 to 5 (the value was erased, the version has expired, there
 * is nothing to answer) are the directory's claims, with nothing to verify.
 */
export type BatchAnswer =
  | { kind: typeof answerSearch; search: SearchResponse }
  | { kind: typeof answerAbsence; absence: AbsenceResponse }
  | { kind: typeof answerErased | typeof answerExpired | typeof answerRefused };

/** Encodes a BatchRequest. */
export function encodeBatchRequest(q: BatchRequest): Uint8Array {
  const w = new Writer().optional64(q.last);
  w.vector(1, q.queries, (one) => w.opaque(1, one.label).optional32(one.version));
  return w.bytes();
}

/** Decodes a BatchRequest. One without queries has an encoding; a directory refuses it. */
export function parseBatchRequest(bytes: Uint8Array): BatchRequest {
  return parse(bytes, (r) => ({
    last: r.optional64("last"),
    queries: r.vector(1, 2, "queries", () => ({
      label: r.opaque(1, "label"),
      version: r.optional32("version"),
    })),
  }));
}

/** Returns the encoding of the answers to one BatchRequest: back to back. */
export function encodeBatchAnswers(c: Configuration, answers: readonly BatchAnswer[]): Uint8Array {
  const w = new Writer();
  for (const a of answers) {
    w.u8(a.kind);
    if (a.kind === answerSearch) writeSearchResponse(w, c, a.search);
    if (a.kind === answerAbsence) writeAbsenceResponse(w, c, a.absence);
  }
  return w.bytes();
}

/** Decodes the answers to `q`, of which there is at least one and at most one for each query. */
export function parseBatchAnswers(c: Configuration, q: BatchRequest, bytes: Uint8Array): BatchAnswer[] {
  return parse(bytes, (r) => {
    const out: BatchAnswer[] = [];
    for (const query of q.queries) {
      if (r.remaining === 0) break;
      out.push(readBatchAnswer(r, c, query));
    }
    if (out.length === 0) r.fail("an answer to no query");
    return out;
  });
}

function readBatchAnswer(r: Reader, c: Configuration, q: BatchQuery): BatchAnswer {
  const kind = r.u8("kind");
  switch (kind) {
    case answerSearch:
      return { kind, search: readSearchResponse(r, c, q) };
    case answerAbsence:
      return { kind, absence: readAbsenceResponse(r, c) };
    case answerErased:
    case answerExpired:
    case answerRefused:
      return { kind };
    default:
      return r.fail("kind");
  }
}
