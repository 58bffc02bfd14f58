import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import fc from "fast-check";

import type { Status } from "../src/account/index.js";
import { decodeBase64, decodeHex, encodeHex, encodeUtf8 } from "../src/bytes.js";
import { Refusal } from "../src/errors.js";
import { describe, Format, parseKeySet, type Description } from "../src/keyset/index.js";
import { materialOf } from "../src/roster/material.js";
import { compareText } from "../src/roster/order.js";
import {
  digestQRText,
  encodeRoster,
  groupDigits,
  judgeRoster,
  parseDigest,
  parseRoster,
  rosterDigest,
  type DigestEntry,
  type Finding,
  type History,
  type Judgement,
  type Question,
  type Report,
  type Roster,
  type Version,
} from "../src/roster/index.js";
import { history, hours, key, letterOf, smallVersion } from "./rosterhelp.js";

interface WebKey {
  algorithm: number;
  public: string;
}

interface WebVersion extends Omit<Version, "number" | "commitment" | "set" | "keys" | "key"> {
  number: number;
  log_entry: number;
  not_before?: number;
  not_after: number;
  commitment: string;
  value_sha256?: string;
  set?: string;
  keys?: Description[];
  account: Status;
  key?: WebKey;
}

interface WebHistory {
  absent?: boolean;
  error?: string;
  misbehaviour?: boolean;
  versions: WebVersion[];
  complete: boolean;
  tree_size: number;
  root: string;
  time?: number;
  before?: { version: number; key: WebKey; not_after: number };
}

interface Story {
  roster: unknown;
  now: number;
  window?: number;
  proven: Record<string, WebHistory>;
  report: Report;
  exit: number;
  unclear?: { Label: string; Version: number }[];
}

interface Vectors {
  stories: Story[];
  documents: { text?: string; bytes?: string; roster?: unknown }[];
  materials: { format: number; data: string; id?: string }[];
  digests: { entries: { Label: string; Version: number; ValueSHA256: string }[] | null; digits?: string }[];
  said: string[];
  small: [number[], number[], string, number, number, number, number | null, number, number][];
}

const file = new URL("../../../../client/roster/testdata/web.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;

const accountKey = (k: WebKey) => ({ algorithm: k.algorithm, public: decodeBase64(k.public) });

/** Leaves out what is undefined. */
function given<T extends object>(o: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as never;
}

function versionOf(w: WebVersion): Version {
  const set = w.set === undefined ? undefined : parseKeySet(decodeBase64(w.set));
  return {
    number: w.number,
    logEntry: w.log_entry,
    notAfter: w.not_after,
    commitment: decodeHex(w.commitment),
    keys: w.keys ?? (set ? describe(set) : []),
    account: w.account ?? "",
    ...given({ notBefore: w.not_before, unsettled: w.unsettled, missing: w.missing, set }),
    ...given({ valueSHA256: w.value_sha256, rotated: w.rotated, mine: w.mine }),
    ...given({ key: w.key && accountKey(w.key) }),
  };
}

function historyOf(label: string, w: WebHistory): History {
  const { before } = w;
  return {
    label,
    versions: w.versions.map(versionOf),
    complete: w.complete,
    head: { treeSize: w.tree_size, root: w.root, ...given({ time: w.time }) },
    ...given({ absent: w.absent, error: w.error, misbehaviour: w.misbehaviour }),
    ...given({
      before: before && { version: before.version, key: accountKey(before.key), notAfter: before.not_after },
    }),
  };
}

function parse(text: string): Roster {
  return parseRoster(encodeUtf8(text));
}

/** Why a key is not valid, each implementation says in its own words. */
function comparable(r: Report): Report {
  const findings = r.findings.map((f) => ({
    ...f,
    message: f.message.replace(/(no valid key of its format either: ).*?\.($| The directory has)/, "$1$2"),
  }));
  return { ...r, findings };
}

test("reports of rosters are those of Go, member by member", () => {
  const codes = new Set<string>();
  for (const s of vectors.stories) {
    const proven = new Map(Object.entries(s.proven).map(([label, h]) => [label, historyOf(label, h)]));
    const options = s.window === undefined ? { now: s.now } : { now: s.now, window: s.window };
    const got = judgeRoster(parse(JSON.stringify(s.roster)), proven, options);
    assert.deepEqual(comparable(got.report), comparable(s.report), JSON.stringify(s.roster));
    assert.equal(got.exit, s.exit);
    const unclear = (s.unclear ?? []).map((q): Question => ({ label: q.Label, version: q.Version }));
    assert.deepEqual(got.unclear, unclear);
    for (const f of s.report.findings) codes.add(`${f.code} ${f.severity}`);
  }
  assert.ok(vectors.stories.length >= 120 && codes.size >= 24, `${vectors.stories.length}, ${codes.size}`);
});

const [alice, bob] = ["alice@example.org", "bob@example.org"];

/** What is found of Bob, as "code severity keys", the exit code and the questions. */
function said({ report, exit, unclear }: Judgement): string {
  const brief = (f: Finding) => [f.code, f.severity, ...(f.keys ?? []).map(letterOf)].join(" ");
  const found = report.findings.filter((f) => f.code !== "unmonitored").map(brief);
  return [...found.sort(compareText), exit, `[${unclear.map((q) => q.version).join(" ")}]`].join("; ");
}

test("small histories, of all that the rules depend on, are judged as in Go", () => {
  const own = history(alice, [smallVersion(["z"], 0, -1000, 0, "established")]);
  for (const [sets, times, statuses, first, session, seen, verified, slack, index] of vectors.small) {
    const letters = (bits: number) => ["a", "b", "c"].filter((_, k) => (bits >> k) & 1);
    const states = statuses.split(",") as Status[];
    const versions = sets.map((set, i) =>
      smallVersion(letters(set), first + i, times[i] ?? 0, slack, states[i] ?? ""),
    );
    const devices = letters(session).map(key);
    const member = { label: bob, firstSeen: hours(seen), devices };
    const members = [verified === null ? member : { ...member, verifiedAt: hours(verified) }];
    const proven = new Map([
      [alice, own],
      [bob, history(bob, versions)],
    ]);
    const got = judgeRoster({ conversation: "", me: alice, members }, proven, { now: hours(1000) });
    assert.equal(
      said(got),
      vectors.said[index],
      JSON.stringify([sets, times, states, first, session, seen, slack]),
    );
  }
  assert.ok(vectors.small.length >= 3000 && vectors.said.length >= 300, String(vectors.said.length));
});

/** The roster of a document, or undefined if it is refused as it should be. */
function read(bytes: Uint8Array): Roster | undefined {
  try {
    return parseRoster(bytes);
  } catch (e) {
    assert.ok(e instanceof Refusal && e.kind === "malformed", String(e));
    return undefined;
  }
}

test("documents are read and refused as Go does", () => {
  let refused = 0;
  for (const d of vectors.documents) {
    const r = read(d.bytes === undefined ? encodeUtf8(d.text ?? "") : decodeBase64(d.bytes));
    if (!r) refused++;
    assert.equal(r === undefined, d.roster === undefined, d.text);
    if (r) assert.deepEqual(JSON.parse(encodeRoster(r)), inMicroseconds(d.roster));
  }
  assert.ok(refused >= 200 && vectors.documents.length - refused >= 30, `${refused}`);
});

/** Times are kept down to a microsecond, but not rounded to a millisecond. */
function inMicroseconds(roster: unknown): unknown {
  const text = JSON.stringify(roster).replace(
    /(:\d\d\.\d{6})\d+Z"/g,
    (_, t: string) => `${t === ":00.000000" ? ":00.000001" : t}Z"`,
  );
  return JSON.parse(text);
}

test("limits of a roster are those of the schema", () => {
  const member = (i: number, devices = "") =>
    `{"label":"m${i}","first_seen":"2026-01-01T00:00:00Z","devices":[${devices}]}`;
  const document = (members: string[], rest = "") =>
    `{"schema":"ghostlight/roster/v1","conversation":"c","me":"a","members":[${members.join(",")}]${rest}}`;
  const many = (n: number) => Array.from({ length: n }, (_, i) => member(i));
  const device = '{"format":"format-65280","key":"eA=="}';
  const devices = (n: number) => Array.from({ length: n }, () => device).join(",");
  assert.equal(read(encodeUtf8(document(many(20000))))?.members.length, 20000);
  assert.equal(read(encodeUtf8(document(many(20001)))), undefined);
  assert.equal(read(encodeUtf8(document([member(0, devices(64))])))?.members[0]?.devices.length, 64);
  assert.equal(read(encodeUtf8(document([member(0, devices(65))]))), undefined);
  assert.equal(read(new Uint8Array((64 << 20) + 1)), undefined);
  assert.equal(read(encodeUtf8(document([`${"[".repeat(1_000_000)}`]))), undefined);
  const long = device.replace("eA==", "AAAA".repeat(100_000));
  assert.equal(read(encodeUtf8(document([member(0, long)]))), undefined);
});

test("whatever the bytes are, they are refused, or a roster that is written and read again", () => {
  const pieces = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "7",
    '"x"',
    '"schema"',
    '"ghostlight/roster/v1"',
    '"me"',
    '"a"',
  ];
  const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((p) => encodeUtf8(p.join("")));
  const documents = vectors.documents.filter((d) => d.roster !== undefined && d.text !== undefined);
  const changed = fc
    .record({ text: fc.constantFrom(...documents.map((d) => d.text ?? "")), at: fc.nat(), byte: fc.nat(255) })
    .map(({ text, at, byte }) => {
      const bytes = encodeUtf8(text);
      bytes[at % bytes.length] = byte;
      return bytes;
    });
  let rosters = 0;
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), soup, changed, rosterArbitrary), (bytes) => {
      const r = read(bytes);
      if (!r) return;
      rosters++;
      const again = parse(encodeRoster(r));
      assert.deepEqual(again, r);
      const judged = judgeRoster(r, new Map(), { now: hours(0) });
      assert.deepEqual(judgeRoster(r, new Map(), { now: hours(0) }), judged);
    }),
    { numRuns: 3000 },
  );
  assert.ok(rosters > 400, String(rosters));
});

const time = fc
  .date({ min: new Date("1990-01-01T00:00:00Z"), max: new Date("9998-12-30T00:00:00Z"), noInvalidDate: true })
  .map((d) => d.toISOString().replace("Z", "125Z"));
const name = fc.string({ unit: "grapheme", maxLength: 20 });

/** Documents that are mostly rosters. */
const rosterArbitrary = fc
  .record(
    {
      schema: fc.constant("ghostlight/roster/v1"),
      conversation: name,
      me: name,
      started: time,
      members: fc.array(
        fc.record(
          {
            label: name,
            first_seen: time,
            verified_at: time,
            devices: fc.array(
              fc.record({
                format: fc.constantFrom("X25519", "format-99", "SSH"),
                key: fc
                  .uint8Array({ minLength: 1, maxLength: 40 })
                  .map((b) => Buffer.from(b).toString("base64")),
                name,
              }),
              { maxLength: 3 },
            ),
          },
          { requiredKeys: ["label", "first_seen", "devices"] },
        ),
        { maxLength: 3 },
      ),
      agreed: fc.array(name, { minLength: 1, maxLength: 3 }),
    },
    { requiredKeys: ["schema", "conversation", "me", "members"] },
  )
  .map((r) => encodeUtf8(JSON.stringify(r)));

test("keys are identified as in Go, whatever format they are written in", () => {
  let known = 0;
  for (const { format, data, id } of vectors.materials) {
    const got = materialOf({ format, data: decodeBase64(data), name: "", attributes: [] });
    assert.equal(got, id, `${format} ${encodeHex(decodeBase64(data))}`);
    if (got !== undefined) known++;
  }
  const formats = new Set(vectors.materials.filter((m) => m.id !== undefined).map((m) => m.format));
  for (const f of [Format.ssh, Format.x509, Format.jwk, Format.mlsKeyPackage, Format.signal, Format.p256]) {
    assert.ok(formats.has(f), String(f));
  }
  assert.ok(known >= 50, String(known));
});

test("digests have the digits of Go", () => {
  let none = 0;
  for (const d of vectors.digests) {
    const entries = (d.entries ?? []).map((e): DigestEntry => ({
      label: e.Label,
      version: e.Version,
      valueSHA256: e.ValueSHA256,
    }));
    if (d.digits === undefined) {
      none++;
      assert.throws(() => rosterDigest(entries), Refusal);
      continue;
    }
    const digits = rosterDigest(entries);
    assert.equal(digits, d.digits);
    for (const text of [
      digits,
      groupDigits(digits),
      digestQRText(digits),
      ` ${groupDigits(digits).replaceAll(" ", "\n")}\n`,
    ]) {
      assert.equal(parseDigest(text), digits);
    }
    for (const text of [
      "",
      digits.slice(1),
      `${digits}0`,
      `x${digits.slice(1)}`,
      `GHOSTLIGHT-ROSTER:2:${digits}`,
    ]) {
      assert.throws(() => parseDigest(text), Refusal);
    }
  }
  assert.ok(none >= 4 && vectors.digests.length - none >= 5);
});
