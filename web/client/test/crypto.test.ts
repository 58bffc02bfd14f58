import assert from "node:assert/strict";
import { test } from "node:test";

import { p256 } from "@noble/curves/nist.js";

import { decodeP256 } from "../src/curve.js";
import * as kt from "../src/index.js";
import { hex, readVectors, refusal, runAll, testShared } from "./vectors.js";

interface Signed {
  log: string;
  structure: string;
  tree_size?: number;
  timestamp?: number;
  root?: string;
  label?: string;
  version?: number;
  value?: string;
  tbs: string;
  public_key: string;
  signature: string;
  refusal?: string;
}

/** What a signature of the case covers, the Configuration's key for it, and the verification. */
function signed(
  c: kt.Configuration,
  v: Signed,
): { tbs: Uint8Array; key: Uint8Array | undefined; verify: () => void } {
  const { tree_size: treeSize = 0, timestamp = 0, version = 0 } = v;
  const root = hex(v.root);
  const signature = hex(v.signature);
  switch (v.structure) {
    case "TreeHeadTBS":
      return {
        tbs: kt.treeHeadTBS(c, treeSize, root),
        key: c.signaturePublicKey,
        verify: () => kt.verifyTreeHead(c, { treeSize, signature }, root),
      };
    case "AuditorTreeHeadTBS":
      return {
        tbs: kt.auditorTreeHeadTBS(c, timestamp, treeSize, root),
        key: c.auditorPublicKey,
        verify: () => kt.verifyAuditorTreeHead(c, { timestamp, treeSize, signature }, root),
      };
    case "UpdateTBS":
      return {
        tbs: kt.updateTBS(c, hex(v.label), version, hex(v.value)),
        key: c.leafPublicKey,
        verify: () => kt.verifyUpdate(c, hex(v.label), version, { value: hex(v.value), signature }),
      };
    default:
      return assert.fail(`unknown structure ${v.structure}`);
  }
}

test("vectors: signatures", () => {
  const file = readVectors<Signed>("signatures");
  runAll(file.cases, { agreed: 10, signature: 30 }, (v) => {
    const c = kt.parseConfiguration(hex(file.logs[v.log]));
    kt.checkPublicKeys(c);
    const { tbs, key, verify } = signed(c, v);
    assert.deepEqual(tbs, hex(v.tbs));
    assert.deepEqual(key, hex(v.public_key));
    const kind = refusal(verify);
    assert.equal(kind, v.refusal);
    return kind ?? "agreed";
  });
});

test("a value has no signature to verify but under third-party management", () => {
  const file = readVectors<Signed>("signatures");
  for (const [name, encoding] of Object.entries(file.logs)) {
    const c = kt.parseConfiguration(hex(encoding));
    const kind = refusal(() => kt.verifyUpdate(c, hex("61"), 0, { value: hex("62") }));
    assert.equal(kind, name.endsWith("management") ? "signature" : undefined, name);
  }
});

/** A Configuration of each suite and mode with keys of every length, to be replaced. */
function configurations(): kt.Configuration[] {
  return Object.values(readVectors<Signed>("signatures").logs).map((b) => kt.parseConfiguration(hex(b)));
}

test("public keys that cannot be used are malformed", () => {
  for (const c of configurations()) {
    const names = (["signaturePublicKey", "leafPublicKey", "auditorPublicKey"] as const).filter((n) => c[n]);
    for (const name of names) {
      const key = c[name] ?? assert.fail();
      const offCurve = key.slice();
      offCurve[40] = (offCurve[40] ?? 0) ^ 1;
      const compressed = kt.concat(Uint8Array.of(2), key.subarray(1, 33));
      const zeros = new Uint8Array(65);
      zeros[0] = 4;
      const wrong = [hex(""), key.subarray(1), kt.concat(key, hex("00"))];
      if (c.suite === kt.KT_128_SHA256_P256) wrong.push(offCurve, compressed, zeros, hex("00"));
      for (const bad of wrong) {
        const changed = { ...c, [name]: bad };
        assert.equal(
          refusal(() => kt.checkPublicKeys(changed)),
          "malformed",
        );
        assert.equal(
          refusal(() => kt.verifySignature(c.suite, bad, hex(""), new Uint8Array(64))),
          "malformed",
        );
      }
    }
  }
});

test("signatures of odd lengths and values do not verify", () => {
  const order25519 = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
  const orderP256 = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
  const one = "0000000000000000000000000000000000000000000000000000000000000001";
  const zero = "00".repeat(32);
  for (const c of configurations()) {
    const order = c.suite === kt.KT_128_SHA256_P256 ? orderP256 : order25519;
    const parts = [zero, one, order, "ff".repeat(32)];
    const signatures = [
      "",
      "00",
      "00".repeat(63),
      "00".repeat(65),
      ...parts.flatMap((r) => parts.map((s) => r + s)),
    ];
    for (const s of signatures) {
      assert.equal(kt.verifySignature(c.suite, c.signaturePublicKey, hex("00"), hex(s)), false, s);
    }
  }
});

// Without its leading zero, an s is the same number.
test("an ECDSA signature without a leading zero of s does not verify", () => {
  const { secretKey, publicKey } = p256.keygen(new Uint8Array(48).fill(7));
  const key = p256.Point.fromBytes(publicKey).toBytes(false);
  for (let i = 0; ; i++) {
    const message = kt.encodeUtf8(`message ${i}`);
    const signature = p256.sign(message, secretKey);
    if (signature[32] !== 0) continue;
    const short = kt.concat(signature.subarray(0, 32), signature.subarray(33));
    assert.equal(kt.verifySignature(kt.KT_128_SHA256_P256, key, message, signature), true);
    assert.equal(kt.verifySignature(kt.KT_128_SHA256_P256, key, message, short), false);
    break;
  }
});

// S + L verifies as S does, unless S has to be below the order L.
test("the second form of an Ed25519 signature does not verify, that of an ECDSA signature does", () => {
  const file = readVectors<Signed>("signatures");
  for (const v of file.cases.filter((one) => one.refusal === undefined)) {
    const suite = kt.parseConfiguration(hex(file.logs[v.log])).suite;
    const signature = hex(v.signature);
    const isP256 = suite === kt.KT_128_SHA256_P256;
    const order = isP256
      ? 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
      : 2n ** 252n + 27742317777372353535851937790883648493n;
    const half = kt.encodeHex(isP256 ? signature.subarray(32) : signature.slice(32).reverse());
    const s = BigInt(`0x${half}`);
    const other = hex((isP256 ? order - s : s + order).toString(16).padStart(64, "0"));
    const malleable = kt.concat(signature.subarray(0, 32), isP256 ? other : other.reverse());
    assert.equal(kt.verifySignature(suite, hex(v.public_key), hex(v.tbs), malleable), isP256);
    const point = isP256 ? decodeP256(hex(v.public_key)) : undefined;
    if (point === undefined) continue;
    // Only the lower s is, if that is asked for.
    const low = [signature, malleable].map((b) => kt.verifyP256(point, hex(v.tbs), b, true));
    assert.deepEqual(low, 2n * s < order ? [true, false] : [false, true]);
  }
});

interface CommitmentCase {
  mode: kt.DeploymentMode;
  opening: string;
  label?: string;
  version?: number;
  value?: string;
  signature?: string;
  commitment_value?: string;
  commitment: string;
  refused?: boolean;
}

test("vectors: commitment", () => {
  runAll(readVectors<CommitmentCase>("commitment").cases, { agreed: 5, refused: 25 }, (c) => {
    const u = { value: hex(c.value), signature: hex(c.signature) };
    const args = [hex(c.opening), hex(c.label), c.version ?? 0, u] as const;
    const opens = kt.opensCommitment(c.mode, hex(c.commitment), ...args);
    assert.equal(opens, c.refused !== true);
    if (c.refused === true) return "refused";
    assert.deepEqual(kt.commit(c.mode, ...args), hex(c.commitment));
    assert.deepEqual(kt.commitmentValue(c.mode, ...args), hex(c.commitment_value));
    return "agreed";
  });
});

interface SharedCommitment {
  label: string;
  version: number;
  opening: string;
  update: { value: string };
  commitment?: string;
}

const opensShared = (c: SharedCommitment, commitment: string): boolean =>
  kt.opensCommitment(kt.contactMonitoring, hex(commitment), hex(c.opening), hex(c.label), c.version, {
    value: hex(c.update.value),
  });

testShared<SharedCommitment, { commitment?: string; commitment_value?: string; error?: boolean }>(
  "commitment",
  { agreed: 6, refused: 1 },
  ({ input, expect }) => {
    if (expect.error === true) {
      assert.equal(opensShared(input, input.commitment ?? ""), false);
      return "refused";
    }
    const args = [
      hex(input.opening),
      hex(input.label),
      input.version,
      { value: hex(input.update.value) },
    ] as const;
    assert.deepEqual(kt.commitmentValue(kt.contactMonitoring, ...args), hex(expect.commitment_value));
    assert.deepEqual(kt.commit(kt.contactMonitoring, ...args), hex(expect.commitment));
    assert.ok(opensShared(input, expect.commitment ?? ""));
    return "agreed";
  },
);

interface HeadInput {
  mode: kt.DeploymentMode;
  signature_public_key: string;
  vrf_public_key: string;
  leaf_public_key?: string;
  auditor_public_key?: string;
  auditor_start_pos?: number;
  auditor_timestamp?: number;
  max_auditor_lag?: number;
  max_ahead: number;
  max_behind: number;
  reasonable_monitoring_window: number;
  tree_size: number;
  root: string;
  signature?: string;
}

function headConfiguration(v: HeadInput): kt.Configuration {
  return {
    suite: kt.KT_128_SHA256_Ed25519,
    mode: v.mode,
    signaturePublicKey: hex(v.signature_public_key),
    vrfPublicKey: hex(v.vrf_public_key),
    ...(v.leaf_public_key === undefined ? {} : { leafPublicKey: hex(v.leaf_public_key) }),
    ...(v.auditor_public_key === undefined
      ? {}
      : {
          maxAuditorLag: v.max_auditor_lag ?? 0,
          auditorStartPos: v.auditor_start_pos ?? 0,
          auditorPublicKey: hex(v.auditor_public_key),
        }),
    maxAhead: v.max_ahead,
    maxBehind: v.max_behind,
    reasonableMonitoringWindow: v.reasonable_monitoring_window,
  };
}

testShared<HeadInput, Record<string, string | undefined>>("tree-head", { agreed: 9 }, ({ input, expect }) => {
  const c = headConfiguration(input);
  assert.deepEqual(kt.encodeConfiguration(c), hex(expect["configuration"]));
  assert.deepEqual(kt.parseConfiguration(hex(expect["configuration"])), c);
  const root = hex(input.root);
  assert.deepEqual(kt.treeHeadTBS(c, input.tree_size, root), hex(expect["tree_head_tbs"]));
  const treeHead = { treeSize: input.tree_size, signature: hex(expect["signature"]) };
  assert.deepEqual(kt.encodeTreeHead(treeHead), hex(expect["tree_head"]));
  const updated: kt.FullTreeHead = { treeHead };
  if (input.mode === kt.thirdPartyAuditing) {
    const auditorTreeHead = kt.parseAuditorTreeHead(hex(expect["auditor_tree_head"]));
    const { timestamp } = auditorTreeHead;
    assert.deepEqual([timestamp, auditorTreeHead.treeSize], [input.auditor_timestamp, input.tree_size]);
    const tbs = kt.auditorTreeHeadTBS(c, timestamp, input.tree_size, root);
    assert.deepEqual(tbs, hex(expect["auditor_tree_head_tbs"]));
    kt.verifyAuditorTreeHead(c, auditorTreeHead, root);
    updated.auditorTreeHead = auditorTreeHead;
  }
  for (const [head, encoding] of [
    [{}, expect["full_tree_head_same"]],
    [updated, expect["full_tree_head_updated"]],
  ] as const) {
    const w = new kt.Writer();
    kt.writeFullTreeHead(w, c, head);
    assert.deepEqual(w.bytes(), hex(encoding));
    assert.deepEqual(
      kt.parse(hex(encoding), (r) => kt.readFullTreeHead(r, c)),
      head,
    );
  }
  kt.verifyTreeHead(c, treeHead, root);
  return "agreed";
});

interface TamperedInput extends HeadInput, SharedCommitment {
  kind: string;
  public_key: string;
  proof: string;
  searches: { vrf_output: string; commitment?: string }[];
  size: number;
  retained_size?: number;
  retained?: string[];
  entries: number[];
  values: string[];
  elements: string[];
}

/** Reports whether what was tampered with is accepted. */
const acceptsTampered: Record<string, (v: TamperedInput) => boolean> = {
  commitment: (v) => opensShared(v, v.commitment ?? ""),
  vrf: (v) => {
    const key = kt.parseVrfPublicKey(kt.KT_128_SHA256_Ed25519, hex(v.public_key));
    return refusal(() => key.verify(kt.vrfInput(hex(v.label), v.version), hex(v.proof))) === undefined;
  },
  "tree-head": (v) => {
    const head = { treeSize: v.tree_size, signature: hex(v.signature) };
    return refusal(() => kt.verifyTreeHead(headConfiguration(v), head, hex(v.root))) === undefined;
  },
  "log-tree": (v) => {
    const leaves = v.entries.map((position, i) => ({ position, value: hex(v.values[i]) }));
    return accepts(hex(v.root), () => {
      const heads = (v.retained ?? []).map(hex);
      return kt.logtree.evaluate(v.size, v.retained_size ?? 0, heads, leaves, v.elements.map(hex)).root;
    });
  },
  "prefix-tree": (v) => {
    const keys = v.searches.map((s) => hex(s.vrf_output));
    const commitments = v.searches.map((s) => (s.commitment === undefined ? undefined : hex(s.commitment)));
    return accepts(hex(v.root), () =>
      kt.prefixtree.proofRoot(kt.parsePrefixProof(hex(v.proof)), keys, commitments),
    );
  },
};

function accepts(root: Uint8Array, evaluate: () => Uint8Array): boolean {
  let same = false;
  const kind = refusal(() => {
    same = kt.equalBytes(evaluate(), root);
  });
  return kind === undefined && same;
}

testShared<TamperedInput, { error: boolean; tamper: string }>(
  "tampered",
  { refused: 22 },
  ({ input, expect }) => {
    assert.ok(expect.error);
    const accept = acceptsTampered[input.kind] ?? assert.fail(`kind ${input.kind}`);
    assert.equal(accept(input), false, expect.tamper);
    return "refused";
  },
);
