// The responses of KEYTRANS, "User Operations". Their encoding depends on the Configuration and
// on the request, which the decoder therefore needs.
//
// The parse functions throw a Refusal of the kind "malformed", the encode functions a
// RangeError for a member that does not fit.

import { parse, Reader, Writer } from "./codec.js";
import { type Configuration, thirdPartyManagement } from "./config.js";
import { type FullTreeHead, readFullTreeHead, writeFullTreeHead } from "./head.js";
import * as proof from "./proof.js";
import type { BinaryLadderStep, CombinedTreeProof } from "./proof.js";
import { readLabelValues, type SearchRequest, writeLabelValues } from "./requests.js";
import { openingSize } from "./suite.js";
import { readOpening, readUpdateValue, type UpdateValue, writeOpening, writeUpdateValue } from "./value.js";

/** Answers a SearchRequest. `version` is the greatest version; absent if the request named one. */
export interface SearchResponse {
  fullTreeHead: FullTreeHead;
  version?: number;
  opening: Uint8Array;
  value: UpdateValue;
  /** At most 255. */
  binaryLadder: BinaryLadderStep[];
  search: CombinedTreeProof;
}

/** Answers a ContactMonitorRequest. */
export interface ContactMonitorResponse {
  fullTreeHead: FullTreeHead;
  monitor: CombinedTreeProof;
}

/** Answers an OwnerInitRequest. */
export interface OwnerInitResponse {
  fullTreeHead: FullTreeHead;
  /** At most 255, never rising. */
  greatestVersions: number[];
  /** At most 65535. */
  binaryLadder: BinaryLadderStep[];
  init: CombinedTreeProof;
}

/** Answers an OwnerMonitorRequest. */
export interface OwnerMonitorResponse {
  fullTreeHead: FullTreeHead;
  monitor: CombinedTreeProof;
}

/** How one new version was committed to. `signature` under third-party management only. */
export interface UpdateInfo {
  opening: Uint8Array;
  signature?: Uint8Array;
}

/**
 * Tells of the versions that one log entry created. `values` is empty if they are the ones that
 * the request asked to create.
 */
export interface UpdateResponse {
  fullTreeHead: FullTreeHead;
  position: number;
  /** Under third-party management only. */
  skippedVersions?: number;
  values: Uint8Array[];
  info: UpdateInfo[];
  binaryLadder: BinaryLadderStep[];
  update: CombinedTreeProof;
}

/** Answers a DistinguishedRequest. */
export interface DistinguishedResponse {
  fullTreeHead: FullTreeHead;
  distinguished: CombinedTreeProof;
}

/** Appends a SearchResponse to what is written. */
export function writeSearchResponse(w: Writer, c: Configuration, p: SearchResponse): void {
  writeFullTreeHead(w, c, p.fullTreeHead);
  if (p.version !== undefined) w.u32(p.version);
  writeOpening(w, p.opening);
  writeUpdateValue(w, c.mode, p.value);
  proof.writeLadder(w, c, p.binaryLadder);
  proof.writeCombinedTreeProof(w, p.search);
}

/** Reads a SearchResponse. Throws a Refusal "malformed". */
export function readSearchResponse(
  r: Reader,
  c: Configuration,
  q: Pick<SearchRequest, "version">,
): SearchResponse {
  return {
    fullTreeHead: readFullTreeHead(r, c),
    ...(q.version === undefined ? { version: r.u32("version") } : {}),
    opening: readOpening(r),
    value: readUpdateValue(r, c.mode),
    binaryLadder: proof.readLadder(r, c),
    search: proof.readCombinedTreeProof(r),
  };
}

/** Encodes a SearchResponse. */
export function encodeSearchResponse(c: Configuration, p: SearchResponse): Uint8Array {
  const w = new Writer();
  writeSearchResponse(w, c, p);
  return w.bytes();
}

/** Decodes the response to `q`. */
export function parseSearchResponse(c: Configuration, q: SearchRequest, bytes: Uint8Array): SearchResponse {
  return parse(bytes, (r) => readSearchResponse(r, c, q));
}

function encodeHeadAndProof(c: Configuration, h: FullTreeHead, p: CombinedTreeProof): Uint8Array {
  const w = new Writer();
  writeFullTreeHead(w, c, h);
  proof.writeCombinedTreeProof(w, p);
  return w.bytes();
}

/** Encodes a ContactMonitorResponse. */
export function encodeContactMonitorResponse(c: Configuration, p: ContactMonitorResponse): Uint8Array {
  return encodeHeadAndProof(c, p.fullTreeHead, p.monitor);
}

/** Decodes a ContactMonitorResponse, which must be all there is. Throws a Refusal "malformed". */
export function parseContactMonitorResponse(c: Configuration, bytes: Uint8Array): ContactMonitorResponse {
  return parse(bytes, (r) => ({
    fullTreeHead: readFullTreeHead(r, c),
    monitor: proof.readCombinedTreeProof(r),
  }));
}

/** Encodes an OwnerInitResponse. */
export function encodeOwnerInitResponse(c: Configuration, p: OwnerInitResponse): Uint8Array {
  const w = new Writer();
  writeFullTreeHead(w, c, p.fullTreeHead);
  w.vector(1, p.greatestVersions, (v) => w.u32(v));
  proof.writeLadder(w, c, p.binaryLadder, 2);
  proof.writeCombinedTreeProof(w, p.init);
  return w.bytes();
}

/** Decodes an OwnerInitResponse, which must be all there is. Throws a Refusal "malformed". */
export function parseOwnerInitResponse(c: Configuration, bytes: Uint8Array): OwnerInitResponse {
  return parse(bytes, (r) => ({
    fullTreeHead: readFullTreeHead(r, c),
    greatestVersions: r.vector(1, 4, "greatest_versions", () => r.u32("greatest_versions")),
    binaryLadder: proof.readLadder(r, c, 2),
    init: proof.readCombinedTreeProof(r),
  }));
}

/** Encodes an OwnerMonitorResponse. */
export function encodeOwnerMonitorResponse(c: Configuration, p: OwnerMonitorResponse): Uint8Array {
  return encodeHeadAndProof(c, p.fullTreeHead, p.monitor);
}

/** Decodes an OwnerMonitorResponse, which must be all there is. Throws a Refusal "malformed". */
export function parseOwnerMonitorResponse(c: Configuration, bytes: Uint8Array): OwnerMonitorResponse {
  return parseContactMonitorResponse(c, bytes);
}

/** Writes an UpdateInfo. */
export function writeUpdateInfo(w: Writer, c: Configuration, info: UpdateInfo): void {
  writeOpening(w, info.opening);
  if (c.mode === thirdPartyManagement) w.opaque(2, info.signature ?? new Uint8Array());
}

/** Reads an UpdateInfo. */
export function readUpdateInfo(r: Reader, c: Configuration): UpdateInfo {
  const opening = readOpening(r);
  return c.mode === thirdPartyManagement
    ? { opening, signature: r.opaque(2, "value signature") }
    : { opening };
}

function writeUpdateResponse(w: Writer, c: Configuration, p: UpdateResponse): void {
  writeFullTreeHead(w, c, p.fullTreeHead);
  w.u64(p.position);
  if (c.mode === thirdPartyManagement) w.u32(p.skippedVersions ?? 0);
  writeLabelValues(w, p.values);
  w.vector(1, p.info, (info) => writeUpdateInfo(w, c, info));
  proof.writeLadder(w, c, p.binaryLadder);
  proof.writeCombinedTreeProof(w, p.update);
}

function readUpdateResponse(r: Reader, c: Configuration): UpdateResponse {
  const managed = c.mode === thirdPartyManagement;
  return {
    fullTreeHead: readFullTreeHead(r, c),
    position: r.u64("position", "proof"),
    ...(managed ? { skippedVersions: r.u32("skipped_versions") } : {}),
    values: readLabelValues(r),
    info: r.vector(1, openingSize + (managed ? 2 : 0), "info", () => readUpdateInfo(r, c)),
    binaryLadder: proof.readLadder(r, c),
    update: proof.readCombinedTreeProof(r),
  };
}

/** Returns the encoding of the answer to an UpdateRequest: one or more structures back to back. */
export function encodeUpdateResponses(c: Configuration, responses: readonly UpdateResponse[]): Uint8Array {
  const w = new Writer();
  for (const p of responses) writeUpdateResponse(w, c, p);
  return w.bytes();
}

/** How many UpdateResponse structures one answer may hold. */
const maxUpdateResponses = 1024;

/** Decodes the one or more UpdateResponse structures that answer an UpdateRequest. */
export function parseUpdateResponses(c: Configuration, bytes: Uint8Array): UpdateResponse[] {
  return parse(bytes, (r) => {
    const out = [readUpdateResponse(r, c)];
    while (r.remaining > 0) {
      if (out.length === maxUpdateResponses) r.fail("too many update responses");
      out.push(readUpdateResponse(r, c));
    }
    return out;
  });
}

/** Encodes a DistinguishedResponse. */
export function encodeDistinguishedResponse(c: Configuration, p: DistinguishedResponse): Uint8Array {
  return encodeHeadAndProof(c, p.fullTreeHead, p.distinguished);
}

/** Decodes a DistinguishedResponse, which must be all there is. Throws a Refusal "malformed". */
export function parseDistinguishedResponse(c: Configuration, bytes: Uint8Array): DistinguishedResponse {
  return parse(bytes, (r) => ({
    fullTreeHead: readFullTreeHead(r, c),
    distinguished: proof.readCombinedTreeProof(r),
  }));
}
