// Arbitrary messages for properties. What they say need not make sense; it has an encoding.

import fc from "fast-check";

import * as kt from "../src/index.js";

/** fc.record with objects as literals make them. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(model, { noNullPrototype: true });

const bytes = (n: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: n, maxLength: n });
const hash = bytes(32);
const opening = bytes(kt.openingSize);
export const label = fc.uint8Array({ maxLength: kt.maxLabelSize });
export const version = fc.integer({ min: 0, max: 2 ** 32 - 1 });
export const uint64 = fc.oneof(fc.maxSafeNat(), fc.nat(100));
const signature = fc.uint8Array({ maxLength: 80 });
const hashes = fc.array(hash, { maxLength: 4 });
export const optional = <T>(a: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(a, { nil: undefined });

/** A record without the members that are undefined. */
function compact<T extends object>(a: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return a.map((v) => Object.fromEntries(Object.entries(v).filter(([, x]) => x !== undefined)) as T);
}

const last = optional(uint64);
const mapEntries = fc.array(record({ position: uint64, version }), { maxLength: 3 });

export const mode = fc.constantFrom<kt.DeploymentMode>(1, 2, 3);

export const configuration: fc.Arbitrary<kt.Configuration> = record({
  suite: fc.constantFrom<kt.CipherSuite>(1, 2),
  mode,
  key: signature,
  window: fc.nat(),
  lag: uint64,
}).chain(({ suite, mode: m, key, window, lag }) =>
  compact(
    record<kt.Configuration>({
      suite: fc.constant(suite),
      mode: fc.constant(m),
      signaturePublicKey: signature,
      vrfPublicKey: signature,
      maxAhead: uint64,
      maxBehind: uint64,
      reasonableMonitoringWindow: fc.constant(window),
      maximumLifetime: optional(fc.integer({ min: window + 1, max: 2 ** 53 - 1 })) as fc.Arbitrary<number>,
    }),
  ).map((c) => {
    if (m === kt.thirdPartyManagement) return { ...c, leafPublicKey: key };
    if (m === kt.thirdPartyAuditing)
      return { ...c, maxAuditorLag: lag, auditorStartPos: 7, auditorPublicKey: key };
    return c;
  }),
);

export const treeHead = record({ treeSize: uint64, signature });
export const auditorTreeHead = record({ timestamp: uint64, treeSize: uint64, signature });

const fullTreeHead = (c: kt.Configuration): fc.Arbitrary<kt.FullTreeHead> =>
  fc.oneof(
    fc.constant({}),
    c.mode === kt.thirdPartyAuditing ? record({ treeHead, auditorTreeHead }) : record({ treeHead }),
  );

const prefixResult: fc.Arbitrary<kt.PrefixSearchResult> = fc.oneof(
  record({ type: fc.constantFrom<1 | 3>(1, 3), depth: fc.nat(255) }),
  record({
    type: fc.constant<2>(2),
    leaf: record({ vrfOutput: hash, commitment: hash }),
    depth: fc.nat(255),
  }),
);
export const prefixProof: fc.Arbitrary<kt.PrefixProof> = record({
  results: fc.array(prefixResult, { maxLength: 4 }),
  elements: hashes,
});
export const combinedTreeProof: fc.Arbitrary<kt.CombinedTreeProof> = record({
  timestamps: fc.array(uint64, { maxLength: 4 }),
  prefixProofs: fc.array(prefixProof, { maxLength: 3 }),
  prefixRoots: hashes,
  inclusion: hashes,
});

const ladder = (c: kt.Configuration): fc.Arbitrary<kt.BinaryLadderStep[]> =>
  fc.array(
    compact(
      record({
        proof: bytes(kt.vrfProofSize(c.suite)),
        commitment: optional(hash) as fc.Arbitrary<Uint8Array>,
      }),
    ),
    { maxLength: 3 },
  );

const value = fc.uint8Array({ maxLength: 300 });
const updateValue = (m: kt.DeploymentMode): fc.Arbitrary<kt.UpdateValue> =>
  m === kt.thirdPartyManagement ? record({ value, signature }) : record({ value });

export const searchRequest = record({ last, label, version: optional(version) });
export const contactMonitorRequest = record({ last, label, entries: mapEntries });
export const ownerInitRequest = record({ last, label, start: uint64 });
export const ownerMonitorRequest = record({
  last,
  label,
  entries: mapEntries,
  start: uint64,
  greatestVersion: optional(version),
});
const values = fc.array(value, { maxLength: 3 });
export const updateRequest = record({ last, label, greatestVersion: optional(version), values });
export const distinguishedRequest = record({ last, stop: optional(uint64) });
export const managerUpdateRequest = record({
  last,
  label,
  greatestVersion: optional(version),
  values: fc.array(updateValue(kt.thirdPartyManagement), { maxLength: 3 }),
  signedVersion: version,
}).map((q) => (q.values.length === 0 ? { ...q, signedVersion: 0 } : q));
export const batchRequest = record({
  last,
  queries: fc.array(record({ label, version: optional(version) }), { minLength: 1, maxLength: 4 }),
});
export const credentialUpdateRequest = record({
  label,
  treeSize: uint64,
  terminal: record({ position: uint64, version }),
  distinguished: uint64,
});

export function searchResponse(c: kt.Configuration, named: boolean): fc.Arbitrary<kt.SearchResponse> {
  const rest = {
    fullTreeHead: fullTreeHead(c),
    opening,
    value: updateValue(c.mode),
    binaryLadder: ladder(c),
    search: combinedTreeProof,
  };
  return named ? record(rest) : record({ ...rest, version });
}

export const monitorResponse = (c: kt.Configuration): fc.Arbitrary<kt.ContactMonitorResponse> =>
  record({ fullTreeHead: fullTreeHead(c), monitor: combinedTreeProof });

export const distinguishedResponse = (c: kt.Configuration): fc.Arbitrary<kt.DistinguishedResponse> =>
  record({ fullTreeHead: fullTreeHead(c), distinguished: combinedTreeProof });

export const ownerInitResponse = (c: kt.Configuration): fc.Arbitrary<kt.OwnerInitResponse> =>
  record({
    fullTreeHead: fullTreeHead(c),
    greatestVersions: fc.array(version, { maxLength: 4 }),
    binaryLadder: ladder(c),
    init: combinedTreeProof,
  });

export function updateResponses(c: kt.Configuration): fc.Arbitrary<kt.UpdateResponse[]> {
  const managed = c.mode === kt.thirdPartyManagement;
  const rest = {
    fullTreeHead: fullTreeHead(c),
    position: uint64,
    values,
    info: fc.array(managed ? record({ opening, signature }) : record({ opening }), { maxLength: 3 }),
    binaryLadder: ladder(c),
    update: combinedTreeProof,
  };
  const one: fc.Arbitrary<kt.UpdateResponse> = managed
    ? record({ ...rest, skippedVersions: version })
    : record(rest);
  return fc.array(one, { minLength: 1, maxLength: 3 });
}

export const absenceResponse = (c: kt.Configuration): fc.Arbitrary<kt.AbsenceResponse> =>
  compact(
    record({
      fullTreeHead: fullTreeHead(c),
      greatest: optional(version) as fc.Arbitrary<number>,
      binaryLadder: ladder(c),
      absence: combinedTreeProof,
    }),
  );

/** Answers to the first queries of a request. */
export function batchAnswers(c: kt.Configuration, q: kt.BatchRequest): fc.Arbitrary<kt.BatchAnswer[]> {
  const answer = (query: kt.BatchQuery): fc.Arbitrary<kt.BatchAnswer> =>
    fc.oneof(
      record({
        kind: fc.constant(kt.answerSearch),
        search: searchResponse(c, query.version !== undefined),
      }),
      record({ kind: fc.constant(kt.answerAbsence), absence: absenceResponse(c) }),
      record({ kind: fc.constantFrom(kt.answerErased, kt.answerExpired, kt.answerRefused) }),
    ) as fc.Arbitrary<kt.BatchAnswer>;
  return fc
    .tuple(fc.tuple(...q.queries.map(answer)), fc.nat())
    .map(([all, n]) => all.slice(0, 1 + (n % all.length)));
}

export function credential(c: kt.Configuration): fc.Arbitrary<kt.Credential> {
  const base = {
    label,
    version,
    opening,
    value: updateValue(c.mode),
    binaryLadder: ladder(c),
    position: uint64,
  };
  return fc.oneof(
    record({ ...base, type: fc.constant(kt.standardCredential), distinguished: prefixProof }),
    record({ ...base, type: fc.constant(kt.provisionalCredential), treeHead, search: combinedTreeProof }),
  ) as fc.Arbitrary<kt.Credential>;
}

export const distinguishedHead = record({ heads: hashes });
export const logEntry = record({ timestamp: uint64, prefixTree: hash });
