import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import * as kt from "../src/index.js";
import * as any from "./arbitrary.js";
import { type Coded, coded } from "./coded.js";
import { hex, refusal } from "./vectors.js";

const plain = <T>(
  a: fc.Arbitrary<T>,
  encode: (m: T) => Uint8Array,
  parse: (b: Uint8Array) => T,
): fc.Arbitrary<Coded> => a.map((m) => coded(m, encode, parse));

/** A message whose encoding depends on the Configuration. */
const under = <T>(
  a: (c: kt.Configuration) => fc.Arbitrary<T>,
  encode: (c: kt.Configuration, m: T) => Uint8Array,
  parse: (c: kt.Configuration, b: Uint8Array) => T,
): fc.Arbitrary<Coded> =>
  any.configuration.chain((c) =>
    a(c).map((m) =>
      coded(
        m,
        (x) => encode(c, x),
        (b) => parse(c, b),
      ),
    ),
  );

const searchResponse = fc.tuple(any.configuration, any.searchRequest).chain(([c, q]) =>
  any.searchResponse(c, q.version !== undefined).map((m) =>
    coded(
      m,
      (x) => kt.encodeSearchResponse(c, x),
      (b) => kt.parseSearchResponse(c, q, b),
    ),
  ),
);

const batchAnswers = fc.tuple(any.configuration, any.batchRequest).chain(([c, q]) =>
  any.batchAnswers(c, q).map((m) =>
    coded(
      m,
      (x) => kt.encodeBatchAnswers(c, x),
      (b) => kt.parseBatchAnswers(c, q, b),
    ),
  ),
);

const messages: Record<string, fc.Arbitrary<Coded>> = {
  Configuration: plain(any.configuration, kt.encodeConfiguration, kt.parseConfiguration),
  TreeHead: plain(any.treeHead, kt.encodeTreeHead, kt.parseTreeHead),
  AuditorTreeHead: plain(any.auditorTreeHead, kt.encodeAuditorTreeHead, kt.parseAuditorTreeHead),
  LogEntry: plain(any.logEntry, kt.encodeLogEntry, kt.parseLogEntry),
  PrefixProof: plain(any.prefixProof, kt.encodePrefixProof, kt.parsePrefixProof),
  CombinedTreeProof: plain(any.combinedTreeProof, kt.encodeCombinedTreeProof, kt.parseCombinedTreeProof),
  DistinguishedHead: plain(any.distinguishedHead, kt.encodeDistinguishedHead, kt.parseDistinguishedHead),
  SearchRequest: plain(any.searchRequest, kt.encodeSearchRequest, kt.parseSearchRequest),
  ContactMonitorRequest: plain(
    any.contactMonitorRequest,
    kt.encodeContactMonitorRequest,
    kt.parseContactMonitorRequest,
  ),
  OwnerInitRequest: plain(any.ownerInitRequest, kt.encodeOwnerInitRequest, kt.parseOwnerInitRequest),
  OwnerMonitorRequest: plain(
    any.ownerMonitorRequest,
    kt.encodeOwnerMonitorRequest,
    kt.parseOwnerMonitorRequest,
  ),
  UpdateRequest: plain(any.updateRequest, kt.encodeUpdateRequest, kt.parseUpdateRequest),
  DistinguishedRequest: plain(
    any.distinguishedRequest,
    kt.encodeDistinguishedRequest,
    kt.parseDistinguishedRequest,
  ),
  ManagerUpdateRequest: plain(
    any.managerUpdateRequest,
    kt.encodeManagerUpdateRequest,
    kt.parseManagerUpdateRequest,
  ),
  AbsenceRequest: plain(any.searchRequest, kt.encodeAbsenceRequest, kt.parseAbsenceRequest),
  BatchRequest: plain(any.batchRequest, kt.encodeBatchRequest, kt.parseBatchRequest),
  CredentialUpdateRequest: plain(
    any.credentialUpdateRequest,
    kt.encodeCredentialUpdateRequest,
    kt.parseCredentialUpdateRequest,
  ),
  SearchResponse: searchResponse,
  ContactMonitorResponse: under(
    any.monitorResponse,
    kt.encodeContactMonitorResponse,
    kt.parseContactMonitorResponse,
  ),
  OwnerInitResponse: under(any.ownerInitResponse, kt.encodeOwnerInitResponse, kt.parseOwnerInitResponse),
  OwnerMonitorResponse: under(
    any.monitorResponse,
    kt.encodeOwnerMonitorResponse,
    kt.parseOwnerMonitorResponse,
  ),
  UpdateResponses: under(any.updateResponses, kt.encodeUpdateResponses, kt.parseUpdateResponses),
  DistinguishedResponse: under(
    any.distinguishedResponse,
    kt.encodeDistinguishedResponse,
    kt.parseDistinguishedResponse,
  ),
  AbsenceResponse: under(any.absenceResponse, kt.encodeAbsenceResponse, kt.parseAbsenceResponse),
  BatchAnswers: batchAnswers,
  Credential: under(any.credential, kt.encodeCredential, kt.parseCredential),
  CredentialUpdate: plain(
    any.combinedTreeProof.map((monitor) => ({ monitor })),
    kt.encodeCredentialUpdate,
    kt.parseCredentialUpdate,
  ),
};

// Several of one kind back to back are an answer, too: a part of it can be one.
const lists = ["UpdateResponses", "BatchAnswers"];

for (const [name, arbitrary] of Object.entries(messages)) {
  test(`${name}: what is encoded is decoded, and nothing shorter or longer is`, () => {
    fc.assert(
      fc.property(arbitrary, fc.nat(), (m, at) => {
        const b = m.encode(m.message);
        assert.deepEqual(m.parse(b), m.message);
        const cut = b.subarray(0, at % b.length);
        if (!lists.includes(name)) {
          assert.equal(
            refusal(() => m.parse(cut)),
            "malformed",
          );
          assert.equal(
            refusal(() => m.parse(kt.concat(b, hex("00")))),
            "malformed",
          );
        }
        assert.ok([undefined, "malformed"].includes(refusal(() => m.parse(cut))));
      }),
      { numRuns: 50 },
    );
  });

  test(`${name}: whatever is changed or made up is refused, or has one encoding only`, () => {
    const flip = fc.record({ at: fc.nat(), mask: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(
        arbitrary,
        fc.array(flip, { minLength: 1, maxLength: 3 }),
        fc.uint8Array(),
        (m, flips, noise) => {
          const b = m.encode(m.message);
          for (const { at, mask } of flips) b[at % b.length] = (b[at % b.length] ?? 0) ^ mask;
          checkCanonical(m, b);
          checkCanonical(m, noise);
        },
      ),
      { numRuns: 100 },
    );
  });
}

/** What is accepted must be encoded as it was received. */
function checkCanonical(m: Coded, b: Uint8Array): void {
  let got: unknown;
  const kind = refusal(() => {
    got = m.parse(b);
  });
  if (kind === undefined) assert.deepEqual(m.encode(got), b);
  // A number above 2^53-1 in a response is refused for what it means.
  else assert.ok(["malformed", "proof", "auditor", "not-recent"].includes(kind), kind);
}

const somewhere = { mode: kt.contactMonitoring, suite: kt.KT_128_SHA256_Ed25519 } as kt.Configuration;

test("an answer of more update responses than a client reads is malformed", () => {
  const proof = { timestamps: [], prefixProofs: [], prefixRoots: [], inclusion: [] };
  const one = { fullTreeHead: {}, position: 0, values: [], info: [], binaryLadder: [], update: proof };
  const encode = (n: number): Uint8Array =>
    kt.encodeUpdateResponses(somewhere, new Array<kt.UpdateResponse>(n).fill(one));
  assert.equal(kt.parseUpdateResponses(somewhere, encode(1024)).length, 1024);
  for (const n of [0, 1025]) {
    assert.equal(
      refusal(() => kt.parseUpdateResponses(somewhere, encode(n))),
      "malformed",
    );
  }
});

test("an answer to no query, or to more than were asked, is malformed", () => {
  const queries = [{ label: hex("61") }, { label: hex("62") }];
  const parse = (b: string, n: number): unknown =>
    kt.parseBatchAnswers(somewhere, { queries: queries.slice(0, n) }, hex(b));
  assert.deepEqual(parse("0304", 2), [{ kind: kt.answerErased }, { kind: kt.answerExpired }]);
  assert.deepEqual(parse("05", 2), [{ kind: kt.answerRefused }]);
  for (const [b, n] of [
    ["", 0],
    ["", 2],
    ["030405", 2],
    ["03", 0],
    ["00", 2],
    ["06", 2],
  ] as const) {
    assert.equal(
      refusal(() => parse(b, n)),
      "malformed",
    );
  }
});
