import assert from "node:assert/strict";
import { test } from "node:test";

import * as kt from "../src/index.js";
import { type Coded, coded } from "./coded.js";
import {
  type CredentialCase,
  hex,
  hexes,
  named,
  type OperationCase,
  readCredentials,
  readOperation,
  readVectors,
  refusal,
  type Resolved,
  runAll,
  testShared,
} from "./vectors.js";

interface ConfigurationCase {
  name: string;
  ciphersuite?: kt.CipherSuite;
  mode?: kt.DeploymentMode;
  signature_public_key?: string;
  vrf_public_key?: string;
  leaf_public_key?: string;
  max_auditor_lag?: number;
  auditor_start_pos?: number;
  auditor_public_key?: string;
  max_ahead?: number;
  max_behind?: number;
  reasonable_monitoring_window?: number;
  maximum_lifetime?: number;
  encoding: string;
  refusal?: string;
}

function configurationOf(c: ConfigurationCase): kt.Configuration {
  return {
    suite: c.ciphersuite ?? assert.fail(),
    mode: c.mode ?? assert.fail(),
    signaturePublicKey: hex(c.signature_public_key),
    vrfPublicKey: hex(c.vrf_public_key),
    ...(c.mode === kt.thirdPartyManagement ? { leafPublicKey: hex(c.leaf_public_key) } : {}),
    ...(c.mode === kt.thirdPartyAuditing
      ? {
          maxAuditorLag: c.max_auditor_lag ?? 0,
          auditorStartPos: c.auditor_start_pos ?? 0,
          auditorPublicKey: hex(c.auditor_public_key),
        }
      : {}),
    maxAhead: c.max_ahead ?? 0,
    maxBehind: c.max_behind ?? 0,
    reasonableMonitoringWindow: c.reasonable_monitoring_window ?? 0,
    ...(c.maximum_lifetime === undefined ? {} : { maximumLifetime: c.maximum_lifetime }),
  };
}

// A value that the draft rules out is malformed here, too: neither can be used.
test("vectors: configuration", () => {
  runAll(
    readVectors<ConfigurationCase>("configuration").cases,
    { agreed: 6, malformed: 18, invalid: 11 },
    (c) => {
      if (c.refusal !== undefined) {
        assert.equal(
          refusal(() => kt.parseConfiguration(hex(c.encoding))),
          "malformed",
          c.name,
        );
        return c.refusal;
      }
      const want = configurationOf(c);
      const got = kt.parseConfiguration(hex(c.encoding));
      assert.deepEqual(got, want, c.name);
      assert.deepEqual(kt.encodeConfiguration(want), hex(c.encoding), c.name);
      kt.checkPublicKeys(got);
      kt.parseVrfPublicKey(got.suite, got.vrfPublicKey);
      return "agreed";
    },
  );
});

/** The members of requests in vectors, by their names in the draft. */
interface RequestMembers {
  last?: number;
  label?: string;
  version?: number;
  entries?: kt.MonitorMapEntry[];
  start?: number;
  stop?: number;
  greatest_version?: number;
  signed_version?: number;
}

/** A request that is made from its members, with a parser and an encoder of its structure. */
function requestOf(type: string, q: RequestMembers, values: kt.UpdateValue[]): Coded {
  const [last, label, greatestVersion] = [q.last, hex(q.label), q.greatest_version];
  const [start, entries] = [q.start ?? 0, q.entries ?? []];
  switch (type) {
    case "SearchRequest":
      return coded({ last, label, version: q.version }, kt.encodeSearchRequest, kt.parseSearchRequest);
    case "ContactMonitorRequest":
      return coded({ last, label, entries }, kt.encodeContactMonitorRequest, kt.parseContactMonitorRequest);
    case "OwnerInitRequest":
      return coded({ last, label, start }, kt.encodeOwnerInitRequest, kt.parseOwnerInitRequest);
    case "OwnerMonitorRequest":
      return coded(
        { last, label, entries, start, greatestVersion },
        kt.encodeOwnerMonitorRequest,
        kt.parseOwnerMonitorRequest,
      );
    case "UpdateRequest":
      return coded(
        { last, label, greatestVersion, values: values.map((v) => v.value) },
        kt.encodeUpdateRequest,
        kt.parseUpdateRequest,
      );
    case "DistinguishedRequest":
      return coded({ last, stop: q.stop }, kt.encodeDistinguishedRequest, kt.parseDistinguishedRequest);
    case "ManagerUpdateRequest":
      return coded(
        { last, label, greatestVersion, values, signedVersion: q.signed_version ?? 0 },
        kt.encodeManagerUpdateRequest,
        kt.parseManagerUpdateRequest,
      );
    default:
      return assert.fail(`unknown type ${type}`);
  }
}

interface RequestCase extends RequestMembers {
  name: string;
  type: string;
  values?: { value?: string; signature?: string }[];
  encoding: string;
  refusal?: string;
}

/** Checks that a message is encoded as wanted, and decoded from that. */
function bothWays(m: Coded, want: Uint8Array): void {
  assert.deepEqual(m.encode(m.message), want);
  assert.deepEqual(m.parse(want), m.message);
}

test("vectors: requests", () => {
  runAll(readVectors<RequestCase>("requests").cases, { agreed: 16, malformed: 46 }, (c) => {
    const values = (c.values ?? []).map((v) => ({ value: hex(v.value), signature: hex(v.signature) }));
    const request = requestOf(c.type, c, values);
    if (c.refusal === undefined) {
      named(c.name, () => bothWays(request, hex(c.encoding)));
      return "agreed";
    }
    assert.equal(
      refusal(() => request.parse(hex(c.encoding))),
      c.refusal,
      c.name,
    );
    return c.refusal;
  });
});

interface SharedRequest extends RequestMembers {
  kind: string;
  position?: number;
  value?: string;
  values?: string[];
  commitment?: string;
  proof?: string;
  opening?: string;
  mode?: kt.DeploymentMode;
  configuration?: string;
}

const pascalCase = (s: string): string => s.replace(/(^|-)(.)/g, (_, __, c: string) => c.toUpperCase());

/** A structure that only occurs in others. */
function buildingBlock(v: SharedRequest, encoding: Uint8Array): string {
  switch (v.kind) {
    case "binary-ladder-step": {
      const step = {
        proof: hex(v.proof),
        ...(v.commitment === undefined ? {} : { commitment: hex(v.commitment) }),
      };
      const w = new kt.Writer();
      kt.writeLadderStep(w, kt.KT_128_SHA256_Ed25519, step);
      assert.deepEqual(w.bytes(), encoding);
      assert.deepEqual(
        kt.parse(encoding, (r) => kt.readLadderStep(r, kt.KT_128_SHA256_Ed25519)),
        step,
      );
      return "agreed";
    }
    case "monitor-map-entry": {
      // Its position is 0x0102030405060708, which is no number. No log has such a position.
      const request = kt.concat(hex("00017801"), encoding);
      assert.equal(
        refusal(() => kt.parseContactMonitorRequest(request)),
        "malformed",
      );
      return "beyond";
    }
    case "label-value": {
      const w = new kt.Writer();
      kt.writeLabelValues(w, [hex(v.value)]);
      assert.deepEqual(w.bytes(), kt.concat(hex("01"), encoding));
      assert.deepEqual(kt.parse(w.bytes(), kt.readLabelValues), [hex(v.value)]);
      return "agreed";
    }
    case "update-info": {
      const c = { mode: v.mode } as kt.Configuration;
      const info = {
        opening: hex(v.opening),
        ...(v.mode === kt.thirdPartyManagement ? { signature: hex("") } : {}),
      };
      const w = new kt.Writer();
      kt.writeUpdateInfo(w, c, info);
      assert.deepEqual(w.bytes(), encoding);
      assert.deepEqual(
        kt.parse(encoding, (r) => kt.readUpdateInfo(r, c)),
        info,
      );
      return "agreed";
    }
    default:
      return assert.fail(`kind ${v.kind}`);
  }
}

testShared<SharedRequest, { encoding: string }>(
  "requests",
  { agreed: 21, beyond: 1 },
  ({ input, expect }) => {
    const encoding = hex(expect.encoding);
    if (input.kind === "update-tbs") {
      const c = kt.parseConfiguration(hex(input.configuration));
      assert.deepEqual(kt.updateTBS(c, hex(input.label), input.version ?? 0, hex(input.value)), encoding);
      return "agreed";
    }
    if (!input.kind.endsWith("-request")) return buildingBlock(input, encoding);
    const values = hexes(input.values).map((value) => ({ value }));
    bothWays(requestOf(pascalCase(input.kind), input, values), encoding);
    return "agreed";
  },
);

type Operation = (
  c: kt.Configuration,
  request: Uint8Array,
) => { request: Uint8Array; response: (b: Uint8Array) => Uint8Array };

/** Decodes the request of an operation, and returns how to decode and encode its response. */
const operations: Record<string, Operation> = {
  search: (c, b) => {
    const q = kt.parseSearchRequest(b);
    return {
      request: kt.encodeSearchRequest(q),
      response: (r) => kt.encodeSearchResponse(c, kt.parseSearchResponse(c, q, r)),
    };
  },
  "contact-monitor": (c, b) => ({
    request: kt.encodeContactMonitorRequest(kt.parseContactMonitorRequest(b)),
    response: (r) => kt.encodeContactMonitorResponse(c, kt.parseContactMonitorResponse(c, r)),
  }),
  "owner-init": (c, b) => ({
    request: kt.encodeOwnerInitRequest(kt.parseOwnerInitRequest(b)),
    response: (r) => kt.encodeOwnerInitResponse(c, kt.parseOwnerInitResponse(c, r)),
  }),
  "owner-monitor": (c, b) => ({
    request: kt.encodeOwnerMonitorRequest(kt.parseOwnerMonitorRequest(b)),
    response: (r) => kt.encodeOwnerMonitorResponse(c, kt.parseOwnerMonitorResponse(c, r)),
  }),
  update: (c, b) => ({
    request: kt.encodeUpdateRequest(kt.parseUpdateRequest(b)),
    response: (r) => kt.encodeUpdateResponses(c, kt.parseUpdateResponses(c, r)),
  }),
  distinguished: (c, b) => ({
    request: kt.encodeDistinguishedRequest(kt.parseDistinguishedRequest(b)),
    response: (r) => kt.encodeDistinguishedResponse(c, kt.parseDistinguishedResponse(c, r)),
  }),
  absence: (c, b) => ({
    request: kt.encodeAbsenceRequest(kt.parseAbsenceRequest(b)),
    response: (r) => kt.encodeAbsenceResponse(c, kt.parseAbsenceResponse(c, r)),
  }),
  batch: (c, b) => {
    const q = kt.parseBatchRequest(b);
    return {
      request: kt.encodeBatchRequest(q),
      response: (r) => kt.encodeBatchAnswers(c, kt.parseBatchAnswers(c, q, r)),
    };
  },
};

/** Decodes and encodes the messages of a case. */
function recode(operation: Operation, c: kt.Configuration, v: Resolved<OperationCase>): string {
  const request = hex(v.request);
  const messages = operation(c, request);
  assert.deepEqual(messages.request, request);
  let response: Uint8Array | undefined;
  const kind = refusal(() => {
    response = messages.response(v.response);
  });
  if (response !== undefined) assert.deepEqual(response, v.response);
  return outcome(v, kind);
}

/** Holds what became of the messages of a case against what it expects. */
function outcome(v: { name: string; expect: { refusal?: string } }, kind: string | undefined): string {
  if (kind !== undefined && v.expect.refusal !== "malformed") {
    // A tree size of 2^64-1 is no number. In Go, it is the proof that no log can have.
    assert.equal(v.expect.refusal, "proof");
    assert.match(v.name, /: the greatest tree size$/);
    return "beyond";
  }
  assert.equal(kind, v.expect.refusal === "malformed" ? "malformed" : undefined);
  return kind ?? "decoded";
}

/** What must become of the cases of a file: from what they expect, and their names. */
function outcomes(cases: readonly { name: string; expect: { refusal?: string } }[]): Record<string, number> {
  const count: Record<string, number> = {};
  for (const { name, expect } of cases) {
    const beyond = name.endsWith(": the greatest tree size") ? "beyond" : "decoded";
    const outcome = expect.refusal === "malformed" ? "malformed" : beyond;
    count[outcome] = (count[outcome] ?? 0) + 1;
  }
  assert.ok((count["decoded"] ?? 0) > 0 && (count["malformed"] ?? 0) > 0);
  return count;
}

for (const [name, operation] of Object.entries(operations)) {
  test(`vectors: the messages of ${name}`, () => {
    const file = readOperation<OperationCase>(name);
    runAll(file.cases, outcomes(file.cases), (v) =>
      named(v.name, () => recode(operation, kt.parseConfiguration(hex(file.logs[v.log])), v)),
    );
  });
}

test("vectors: the structures of credential", () => {
  const file = readCredentials<CredentialCase>();
  runAll(file.cases, outcomes(file.cases), (v) =>
    named(v.name, () => {
      const c = kt.parseConfiguration(hex(file.logs[v.log]));
      const kind = refusal(() => {
        assert.deepEqual(kt.encodeCredential(c, kt.parseCredential(c, v.credential)), v.credential);
        if (v.update.length === 0) return;
        assert.deepEqual(kt.encodeCredentialUpdate(kt.parseCredentialUpdate(v.update)), v.update);
      });
      return outcome(v, kind);
    }),
  );
});
