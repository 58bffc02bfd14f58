// The requests of KEYTRANS, "User Operations". `last` is the tree size of the last tree head
// that the user verified, absent for a user without one. Labels have at most 255 bytes.
//
// The parse functions throw a Refusal of the kind "malformed", the encode functions a
// RangeError for a member that does not fit.

import { parse, Reader, Writer } from "./codec.js";
import { thirdPartyManagement } from "./config.js";
import { readUpdateValue, type UpdateValue, writeUpdateValue } from "./value.js";

/** Asks for a label's value: at `version`, or the greatest version if that is absent. */
export interface SearchRequest {
  last?: number | undefined;
  label: Uint8Array;
  version?: number | undefined;
}

/** `version` is the greatest version of a label proven to exist at the entry `position`. */
export interface MonitorMapEntry {
  position: number;
  version: number;
}

/** Asks for proof that versions seen before are still there. At most 255 entries, ascending. */
export interface ContactMonitorRequest {
  last?: number | undefined;
  label: Uint8Array;
  entries: MonitorMapEntry[];
}

/** Asks for the state of a label at `start`, an unexpired distinguished log entry. */
export interface OwnerInitRequest {
  last?: number | undefined;
  label: Uint8Array;
  start: number;
}

/**
 * Asks for proof that no versions exist beyond `greatestVersion`. `start` is the rightmost
 * distinguished entry verified so far.
 */
export interface OwnerMonitorRequest {
  last?: number | undefined;
  label: Uint8Array;
  entries: MonitorMapEntry[];
  start: number;
  greatestVersion?: number | undefined;
}

/**
 * Asks to create the versions after `greatestVersion` with the given values or, if there are
 * none, to be told of versions that exist.
 */
export interface UpdateRequest {
  last?: number | undefined;
  label: Uint8Array;
  greatestVersion?: number | undefined;
  values: Uint8Array[];
}

/** Asks for the recent distinguished log entries to the right of `stop`. */
export interface DistinguishedRequest {
  last?: number | undefined;
  stop?: number | undefined;
}

/**
 * An UpdateRequest as a Service Operator forwards it to a Third-Party Manager: each value has the
 * operator's signature. `signedVersion` is the version that the first was signed for, 0 without
 * values.
 */
export interface ManagerUpdateRequest {
  last?: number | undefined;
  label: Uint8Array;
  greatestVersion?: number | undefined;
  values: UpdateValue[];
  signedVersion: number;
}

const readLabel = (r: Reader): Uint8Array => r.opaque(1, "label");

/** Begins a request: `last` and the label. */
function begin(q: { last?: number | undefined; label: Uint8Array }): Writer {
  return new Writer().optional64(q.last).opaque(1, q.label);
}

/** Encodes a SearchRequest. */
export function encodeSearchRequest(q: SearchRequest): Uint8Array {
  return begin(q).optional32(q.version).bytes();
}

/** Decodes a SearchRequest, which must be all there is. Throws a Refusal "malformed". */
export function parseSearchRequest(bytes: Uint8Array): SearchRequest {
  return parse(bytes, (r) => ({
    last: r.optional64("last"),
    label: readLabel(r),
    version: r.optional32("version"),
  }));
}

function writeMapEntries(w: Writer, entries: readonly MonitorMapEntry[]): Writer {
  return w.vector(1, entries, (e) => w.u64(e.position).u32(e.version));
}

function readMapEntries(r: Reader): MonitorMapEntry[] {
  return r.vector(1, 12, "entries", () => ({ position: r.u64("entries"), version: r.u32("entries") }));
}

/** Encodes a ContactMonitorRequest. */
export function encodeContactMonitorRequest(q: ContactMonitorRequest): Uint8Array {
  return writeMapEntries(begin(q), q.entries).bytes();
}

/** Decodes a ContactMonitorRequest, which must be all there is. Throws a Refusal "malformed". */
export function parseContactMonitorRequest(bytes: Uint8Array): ContactMonitorRequest {
  return parse(bytes, (r) => ({
    last: r.optional64("last"),
    label: readLabel(r),
    entries: readMapEntries(r),
  }));
}

/** Encodes an OwnerInitRequest. */
export function encodeOwnerInitRequest(q: OwnerInitRequest): Uint8Array {
  return begin(q).u64(q.start).bytes();
}

/** Decodes an OwnerInitRequest, which must be all there is. Throws a Refusal "malformed". */
export function parseOwnerInitRequest(bytes: Uint8Array): OwnerInitRequest {
  return parse(bytes, (r) => ({
    last: r.optional64("last"),
    label: readLabel(r),
    start: r.u64("start"),
  }));
}

/** Encodes an OwnerMonitorRequest. */
export function encodeOwnerMonitorRequest(q: OwnerMonitorRequest): Uint8Array {
  return writeMapEntries(begin(q), q.entries).u64(q.start).optional32(q.greatestVersion).bytes();
}

/** Decodes an OwnerMonitorRequest, which must be all there is. Throws a Refusal "malformed". */
export function parseOwnerMonitorRequest(bytes: Uint8Array): OwnerMonitorRequest {
  return parse(bytes, (r) => ({
    last: r.optional64("last"),
    label: readLabel(r),
    entries: readMapEntries(r),
    start: r.u64("start"),
    greatestVersion: r.optional32("greatest_version"),
  }));
}

/** Reads a vector of LabelValue. */
export function readLabelValues(r: Reader): Uint8Array[] {
  return r.vector(1, 4, "values", () => r.opaque(4, "values"));
}

/** Appends the values of a label to what is written. */
export function writeLabelValues(w: Writer, values: readonly Uint8Array[]): Writer {
  return w.vector(1, values, (v) => w.opaque(4, v));
}

/** Encodes an UpdateRequest. */
export function encodeUpdateRequest(q: UpdateRequest): Uint8Array {
  return writeLabelValues(begin(q).optional32(q.greatestVersion), q.values).bytes();
}

/** Decodes an UpdateRequest, which must be all there is. Throws a Refusal "malformed". */
export function parseUpdateRequest(bytes: Uint8Array): UpdateRequest {
  return parse(bytes, (r) => ({
    last: r.optional64("last"),
    label: readLabel(r),
    greatestVersion: r.optional32("greatest_version"),
    values: readLabelValues(r),
  }));
}

/** Encodes a DistinguishedRequest. */
export function encodeDistinguishedRequest(q: DistinguishedRequest): Uint8Array {
  return new Writer().optional64(q.last).optional64(q.stop).bytes();
}

/** Decodes a DistinguishedRequest, which must be all there is. Throws a Refusal "malformed". */
export function parseDistinguishedRequest(bytes: Uint8Array): DistinguishedRequest {
  return parse(bytes, (r) => ({ last: r.optional64("last"), stop: r.optional64("stop") }));
}

/** Encodes a ManagerUpdateRequest. */
export function encodeManagerUpdateRequest(q: ManagerUpdateRequest): Uint8Array {
  const w = begin(q).optional32(q.greatestVersion);
  w.vector(1, q.values, (u) => writeUpdateValue(w, thirdPartyManagement, u));
  return w.u32(q.signedVersion).bytes();
}

/** Decodes a ManagerUpdateRequest, which must be all there is. Throws a Refusal "malformed". */
export function parseManagerUpdateRequest(bytes: Uint8Array): ManagerUpdateRequest {
  return parse(bytes, (r) => {
    const q = {
      last: r.optional64("last"),
      label: readLabel(r),
      greatestVersion: r.optional32("greatest_version"),
      values: r.vector(1, 6, "values", () => readUpdateValue(r, thirdPartyManagement)),
      signedVersion: r.u32("signed_version"),
    };
    // SPEC: If values is empty, the signed_version field is always zero.
    if (q.values.length === 0 && q.signedVersion !== 0) r.fail("signed_version");
    return q;
  });
}
