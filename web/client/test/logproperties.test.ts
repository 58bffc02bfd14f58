import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";

import {
  checkpointText,
  decodeHex,
  concat,
  encodeBase64,
  encodeHex,
  encodeUtf8,
  evaluateQuorum,
  type NoteSignature,
  formatTLogProof,
  isQuorum,
  isWitnessed,
  openCheckpoint,
  parseCheckpoint,
  parseEntryBundle,
  parseNote,
  parsePolicy,
  parseTilePath,
  parseTLogProof,
  type Policy,
  Refusal,
  tilePath,
  type TileKind,
  verifyTLogProof,
} from "../src/index.js";

interface Case {
  policy: string;
  note: string;
  proof: string;
  entry: string;
  refusal?: string;
  expect?: { witnessed: boolean };
}

function goodCases(name: string): Case[] {
  const path = new URL(`../../../../testdata/vectors/${name}.json`, import.meta.url);
  const cases = (JSON.parse(readFileSync(path, "utf8")) as { cases: Case[] }).cases;
  return cases.filter((c) => c.refusal === undefined);
}

/** Reports whether f is refused. It must throw nothing but a Refusal. */
function isRefused(f: () => unknown): boolean {
  try {
    f();
  } catch (e) {
    assert.ok(e instanceof Refusal, `${e}`);
    return true;
  }
  return false;
}

/** A signature line, with its newline. */
function formatSignature(s: NoteSignature): string {
  const id = new Uint8Array(4);
  new DataView(id.buffer).setUint32(0, s.keyId);
  return `\u2014 ${s.name} ${encodeBase64(concat(id, s.signature))}\n`;
}

/** The time of a cosignature, in milliseconds. */
function timeOf({ signature: s }: NoteSignature): number {
  const isTimed = s.length > 64;
  return isTimed ? 1000 * Number(new DataView(s.buffer, s.byteOffset).getBigUint64(0)) : 0;
}

const size = fc.maxSafeNat();
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const bytes = fc.uint8Array({ maxLength: 200 });
const word = fc.string({ unit: "grapheme", minLength: 1 }).filter((s) => /^[^\p{Z}\p{C}+]+$/u.test(s));

/** Changes of a byte string: bytes replaced, removed, put in, or the end cut off. */
const mutation = fc.array(
  fc.record({
    at: fc.nat(),
    remove: fc.constantFrom(0, 1, 1, 1, 2, 50, 1e6),
    insert: fc.uint8Array({ maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 3 },
);

function mutate(data: Uint8Array, edits: { at: number; remove: number; insert: Uint8Array }[]): Uint8Array {
  let out = [...data];
  for (const e of edits) out.splice(e.at % (out.length + 1), e.remove, ...e.insert);
  return Uint8Array.from(out);
}

test("a checkpoint's text is parsed to what it was made of", () => {
  fc.assert(
    fc.property(word, size, hash, fc.array(word), (origin, n, root, extensions) => {
      const c = { origin, size: n, root };
      assert.deepEqual(parseCheckpoint(checkpointText(c) + extensions.map((x) => x + "\n").join("")), c);
    }),
  );
});

test("a note is parsed to what it was made of", () => {
  const signature = fc.record({
    name: word,
    keyId: fc.nat(0xffffffff),
    signature: fc.uint8Array({ minLength: 1, maxLength: 100 }),
  });
  fc.assert(
    fc.property(
      fc.array(fc.oneof(word, fc.constant(""))),
      fc.array(signature, { minLength: 1 }),
      (lines, sigs) => {
        const text = lines.map((l) => l + "\n").join("") + "end\n";
        const note = parseNote(encodeUtf8(text + "\n" + sigs.map(formatSignature).join("")));
        assert.equal(note.text, text);
        assert.deepEqual(note.signatures.map(formatSignature), sigs.map(formatSignature));
      },
    ),
  );
});

test("a tlog-proof is parsed to what it was made of", () => {
  const note = fc.array(word, { minLength: 1 }).map((l) => encodeUtf8(l.join("\n") + "\n"));
  fc.assert(
    fc.property(
      size,
      fc.array(hash, { maxLength: 60 }),
      note,
      fc.option(bytes),
      (index, hashes, text, extra) => {
        const p = { index, hashes, note: text, ...(extra !== null && { extra }) };
        assert.deepEqual(parseTLogProof(formatTLogProof(p)), p);
      },
    ),
  );
});

test("a tile's path is parsed to the tile", () => {
  const other = fc.record({ kind: fc.constantFrom<TileKind>("entries", "changes"), level: fc.constant(0) });
  const hashes = fc.record({ kind: fc.constant<TileKind>("hashes"), level: fc.nat(63) });
  fc.assert(
    fc.property(fc.oneof(other, hashes), size, fc.integer({ min: 1, max: 256 }), (kind, index, width) => {
      const t = { ...kind, index, width };
      assert.deepEqual(parseTilePath(tilePath(t)), t);
    }),
  );
});

test("anything else is refused, and nothing but refused", () => {
  fc.assert(
    fc.property(bytes, fc.string(), fc.nat(300), (data, s, n) => {
      isRefused(() => parseNote(data));
      isRefused(() => parseCheckpoint(s));
      isRefused(() => parseTLogProof(data));
      isRefused(() => parsePolicy(data));
      isRefused(() => parseEntryBundle(data, n));
      assert.ok(isRefused(() => parseTilePath(s)));
    }),
  );
});

test("a changed note is refused, or says the same", () => {
  const cases = goodCases("checkpoint");
  fc.assert(
    fc.property(fc.constantFrom(...cases), mutation, (c, edits) => {
      const policy = parsePolicy(decodeHex(c.policy));
      const good = openCheckpoint(policy, decodeHex(c.note));
      const changed = mutate(decodeHex(c.note), edits);
      isRefused(() => {
        const got = openCheckpoint(policy, changed);
        assert.equal(checkpointText(got), checkpointText(good));
        // A signature that was hidden by another one of its key may come forward.
        const signatures = parseNote(decodeHex(c.note)).signatures.map((x) => `${x.name} ${timeOf(x)}`);
        for (const x of got.cosignatures) {
          const { key } = policy.witnesses.find((w) => w.name === x.witness) ?? {};
          assert.ok(signatures.includes(`${key?.name} ${x.time}`));
        }
      });
    }),
    { numRuns: 500 },
  );
});

test("a changed proof is refused, or proves the same", () => {
  const cases = goodCases("tlog-proof").filter((c) => c.proof.length < 10000);
  fc.assert(
    fc.property(fc.constantFrom(...cases), mutation, (c, edits) => {
      const policy = parsePolicy(decodeHex(c.policy));
      const changed = mutate(decodeHex(c.proof), edits);
      isRefused(() => {
        const p = parseTLogProof(changed);
        assert.equal(encodeHex(formatTLogProof(p)), encodeHex(changed));
        verifyTLogProof(p, policy, decodeHex(c.entry));
        assert.equal(p.index, parseTLogProof(decodeHex(c.proof)).index);
      });
    }),
    { numRuns: 500 },
  );
});

test("a quorum is met by more witnesses if it is by fewer", () => {
  const names = ["a", "b", "c", "d", "e"];
  const group = fc.record({ threshold: fc.nat(4), members: fc.uniqueArray(fc.nat(9), { minLength: 1 }) });
  const policies = fc.array(group, { minLength: 1, maxLength: 5 }).map((groups): Policy => {
    const defined = [...names];
    const out = groups.map((g, i) => {
      const members = [...new Set(g.members.map((m) => defined[m % defined.length] ?? ""))];
      defined.push(`g${i}`);
      return { name: `g${i}`, threshold: 1 + (g.threshold % members.length), members };
    });
    const key = { name: "", keyId: 0, type: 4, publicKey: new Uint8Array(), text: "" };
    return {
      logs: [],
      witnesses: names.map((name) => ({ name, key })),
      groups: out,
      quorum: defined.at(-1) ?? "",
    };
  });
  fc.assert(
    fc.property(policies, fc.subarray(names), fc.subarray(names), (policy, some, more) => {
      const fewer = evaluateQuorum(policy, some);
      const all = evaluateQuorum(policy, [...some, ...more, "stranger", "g0"]);
      fewer.groups.forEach((g, i) => assert.ok(!g.met || all.groups[i]?.met));
      assert.ok(!fewer.met || all.met);
      assert.ok(isQuorum(policy, names));
      assert.ok(!isQuorum(policy, []));
    }),
  );
});

test("a time beyond what milliseconds can be is refused", () => {
  const [logSeed, seed] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const keyOf = (name: string, type: number, secret: Uint8Array) => {
    const key = concat(Uint8Array.of(type), ed25519.getPublicKey(secret));
    const id = sha256(concat(encodeUtf8(name + "\n"), key)).subarray(0, 4);
    return { id, text: `${name}+${encodeHex(id)}+${encodeBase64(key)}` };
  };
  const log = keyOf("log", 1, logSeed);
  const witness = keyOf("witness", 4, seed);
  const policy = parsePolicy(encodeUtf8(`log ${log.text}\nwitness w ${witness.text}\nquorum w\n`));
  const text = checkpointText({ origin: "log", size: 1, root: new Uint8Array(32) });
  const signedAt = (time: bigint) => {
    const b = new Uint8Array(8);
    new DataView(b.buffer).setBigUint64(0, time);
    const cosignature = ed25519.sign(encodeUtf8(`cosignature/v1\ntime ${time}\n${text}`), seed);
    const lines = [
      `\u2014 log ${encodeBase64(concat(log.id, ed25519.sign(encodeUtf8(text), logSeed)))}\n`,
      `\u2014 witness ${encodeBase64(concat(witness.id, b, cosignature))}\n`,
    ];
    return openCheckpoint(policy, encodeUtf8(`${text}\n${lines.join("")}`));
  };
  const most = BigInt(Number.MAX_SAFE_INTEGER) / 1000n;
  assert.equal(signedAt(most).cosignatures[0]?.time, Number(most) * 1000);
  for (const time of [most + 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
    assert.throws(
      () => signedAt(time),
      (e) => e instanceof Refusal && e.kind === "malformed",
    );
  }
});

test("which of the vectors' checkpoints have a quorum", () => {
  for (const c of goodCases("checkpoint")) {
    const policy = parsePolicy(decodeHex(c.policy));
    const witnessed = isWitnessed(policy, openCheckpoint(policy, decodeHex(c.note)));
    assert.ok(!witnessed || c.expect?.witnessed);
  }
});
