import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { encodeUtf8 } from "../src/bytes.js";
import { Client } from "../src/client.js";
import { encodeKeySet, fingerprint, Format } from "../src/keyset/index.js";
import {
  checkRoster,
  encodeRoster,
  parseRoster,
  type Device,
  type Member,
  type Report,
  type Roster,
} from "../src/roster/index.js";
import { MemoryStore } from "../src/state/memory.js";
import { key } from "./rosterhelp.js";
import { run } from "./world/commands.js";
import { Directory, type Publisher, temporary } from "./world/directory.js";
import { Proxy } from "./world/proxy.js";
import { fails } from "./world/stories.js";

const [alice, bob, carol, mallory] = ["alice", "bob", "carol", "mallory"].map((n) => `${n}@example.org`) as [
  string,
  string,
  string,
  string,
];

/** The value with the keys of letters. */
function set(letters: string): Uint8Array {
  const keys = Array.from(letters, (l) => ({ format: 7, data: key(l).data, name: "", attributes: [] }));
  return encodeKeySet({ keys, extensions: [] });
}

function member(label: string, letters: string, more: Partial<Member> = {}): Member {
  return { label, firstSeen: Date.now(), devices: Array.from(letters, key), ...more };
}

interface KtResult extends Report {
  digest?: string;
  no_digest?: string;
  head: { tree_size: number; root: string };
  verdict: { outcome: string; reason: string };
}

/** What Go's client says of a roster. */
function kt(p: Publisher, roster: Roster, ...flags: string[]): { code: number | null; result: KtResult } {
  const file = join(temporary(), "roster.json");
  writeFileSync(file, encodeRoster(roster));
  const ran = run("kt", "--state", p.state, "roster", file, "--json", ...flags);
  assert.match(ran.stdout, /^\{/, ran.stderr);
  return { code: ran.code, result: JSON.parse(ran.stdout) as KtResult };
}

/** What both say of a roster, which has to be the same, but for the time of the check. */
async function both(
  client: Client,
  p: Publisher,
  roster: Roster,
  options: { window?: number; history?: number; oneByOne?: boolean } = {},
): Promise<string[]> {
  const r = parseRoster(encodeUtf8(encodeRoster(roster)));
  const got = await checkRoster(client, r, options);
  const flags = [
    `--window=${(options.window ?? 24 * 3600_000) / 1000}s`,
    `--history=${options.history ?? 32}`,
  ];
  const { code, result } = kt(p, roster, ...flags);
  assert.deepEqual(got.report.findings, result.findings);
  assert.equal(got.exit, code);
  assert.equal(got.digest, result.digest);
  assert.equal(got.noDigest, result.no_digest);
  assert.equal(got.head.treeSize, result.head.tree_size);
  assert.equal(got.verdict.outcome, result.verdict.outcome);
  assert.equal(got.verdict.reason, result.verdict.reason);
  return got.report.findings
    .filter((f) => f.code !== "unmonitored")
    .map((f) => `${f.code} ${f.severity} ${f.label.split("@")[0]}`);
}

async function open(url: string): Promise<Client> {
  return Client.open({ directory: url, store: new MemoryStore() });
}

test("conversations are found to be what Go's client finds of them", async () => {
  const directory = await Directory.start({ window: "1s" });
  const p = directory.publisher();
  directory.publish(alice, set("z"));
  for (const letters of ["a", "ax", "a"]) directory.publish(bob, set(letters));
  for (const letters of ["c", "cd"]) directory.publish(carol, set(letters));
  const client = await open(directory.url);
  const roster = (...members: Member[]): Roster => ({ conversation: "team", me: alice, members });
  assert.deepEqual(await both(client, p, roster()), []);
  assert.deepEqual(await both(client, p, roster(member(alice, "z"))), ["just-in-time-insertion note alice"]);
  assert.deepEqual(await both(client, p, roster(member(bob, "a"))), [
    "transient-key warning bob",
    "just-in-time-insertion note bob",
  ]);
  assert.deepEqual(await both(client, p, roster(member(bob, "a")), { history: 1 }), [
    "could-not-check warning bob",
  ]);
  assert.deepEqual(await both(client, p, roster(member(carol, "cd"))), [
    "just-in-time-insertion warning carol",
    "just-in-time-insertion note carol",
  ]);
  const everybody = roster(member(alice, "z"), member(bob, "axc"), member(carol, "c"), member(mallory, "m"));
  const found = await both(client, p, everybody);
  for (const finding of [
    "ghost-user error mallory",
    "stale-key warning bob",
    "ghost-device error bob",
    "shared-key warning bob",
  ]) {
    assert.ok(found.includes(finding), `${finding}: ${found.join("; ")}`);
  }
  assert.deepEqual(await both(client, p, everybody, { oneByOne: true }), found);
  const late = { firstSeen: Date.now() - 3 * 3600_000, verifiedAt: Date.now() - 3600_000 };
  assert.ok(
    (await both(client, p, roster(member(carol, "cd", late)), { window: 3600_000 })).includes(
      "just-in-time-insertion warning carol",
    ),
  );
});

/** A new SSH key: the line of its file, and the device that has it. */
function sshKey(): { line: string; device: Device } {
  const { x = "" } = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
  const field = (b: Uint8Array) => Buffer.concat([Uint8Array.of(0, 0, 0, b.length), b]);
  const data = Uint8Array.from(
    Buffer.concat([field(encodeUtf8("ssh-ed25519")), field(Buffer.from(x, "base64url"))]),
  );
  const k = { format: Format.ssh, data, name: "", attributes: [] };
  const line = `ssh-ed25519 ${Buffer.from(data).toString("base64")} phone\n`;
  return { line, device: { format: Format.ssh, data, fingerprint: fingerprint(k), name: "" } };
}

test("account keys are followed as Go's client follows them, and attestations are read", async () => {
  const directory = await Directory.start({ window: "1s" });
  const p = directory.publisher();
  const [first, second] = [sshKey(), sshKey()];
  const dir = temporary();
  const [one, two] = [join(dir, "one.pem"), join(dir, "two.pem")];
  for (const file of [one, two]) p.kt("account", "new", file);
  p.publish(bob, first.line, "--account-key", one);
  p.publish(bob, second.line, "--account-key", one);
  const line = p.kt("account", "attest", bob, "--account-key", one).trim();
  const client = await open(directory.url);
  const other = directory.publisher();
  const roster = (devices: Device[], attestation = ""): Roster => ({
    conversation: "",
    me: bob,
    members: [{ label: bob, firstSeen: Date.now(), devices, ...(attestation && { attestation }) }],
  });
  assert.deepEqual(await both(client, other, roster([second.device])), ["transient-key note bob"]);
  const asOthers = { ...roster([second.device], line), me: alice };
  assert.ok(!(await both(client, other, asOthers)).some((f) => f.startsWith("could-not-check warning bob")));
  const { report } = await checkRoster(client, asOthers);
  assert.ok(!report.findings.some((f) => f.code === "unmonitored"), "the attestation is not believed");
  await client.lookup(bob);
  other.kt("lookup", bob);
  const token = ["--token-file", join(directory.dir, "registration-token")];
  p.kt("account", "rotate", bob, "--account-key", one, "--new-account-key", two, ...token);
  const rotated = await both(client, other, roster([second.device]));
  assert.ok(!rotated.some((f) => f.startsWith("identity-reset")), rotated.join("; "));
  const three = join(dir, "three.pem");
  p.kt("account", "new", three);
  p.kt("account", "reset", bob, "--new-account-key", three, ...token);
  const announced = await both(client, other, roster([second.device]));
  assert.ok(announced.includes("identity-reset warning bob"), announced.join("; "));
});

test("when versions came is found out as Go's client does, in a long history", async () => {
  const directory = await Directory.start({ window: "200ms" });
  const p = directory.publisher();
  directory.publish(alice, set("z"));
  for (let i = 0; i < 9; i++) {
    directory.publish(bob, set(i % 3 === 1 ? "abx" : "ab"));
    directory.publish(carol, set(i < 6 ? "c" : "cd"));
  }
  const proxy = await Proxy.start(directory.url);
  const client = await open(proxy.url);
  const members = [member(bob, "ab"), member(carol, "cd")];
  const roster: Roster = { conversation: "", me: alice, started: Date.now() - 1000, members };
  for (const window of [200, 1000, 5000, 3600_000]) {
    const found = await both(client, p, roster, { window });
    assert.ok(window < 3600_000 || found.length > 0);
    assert.deepEqual(
      await both(client, p, roster, { window, history: 3 }),
      await both(client, p, roster, { window, history: 3, oneByOne: true }),
    );
  }
  const asked = (operation: string) => proxy.requests.filter((r) => r.path.endsWith(operation)).length;
  assert.ok(asked("/owner-init") > 0 && asked("/update") > 0, "no version was dated");
});

test("a check leaves alone what lookups have seen, and the digest changes with a value", async () => {
  const directory = await Directory.start({ window: "1s" });
  directory.publish(bob, set("a"));
  const client = await open(directory.url);
  const roster: Roster = { conversation: "", me: bob, members: [member(bob, "a")] };
  const first = await checkRoster(client, roster);
  assert.match(first.digest ?? "", /^\d{60}$/);
  await client.lookup(bob);
  directory.publish(bob, set("ab"));
  const second = await checkRoster(client, roster);
  assert.notEqual(second.digest, first.digest);
  assert.equal((await client.lookup(bob)).verdict.outcome, "changed");
});

test("one label that is not answered for does not keep others from being checked", async () => {
  const directory = await Directory.start({ window: "1s" });
  for (const [label, letters] of [
    [alice, "z"],
    [bob, "b"],
    [carol, "c"],
  ] as const)
    directory.publish(label, set(letters));
  const proxy = await Proxy.start(directory.url);
  const client = await open(proxy.url);
  const includes = (body: Uint8Array, text: string) => Buffer.from(body).includes(text);
  proxy.tamper = ({ body }, answer) =>
    includes(body, bob) ? { ...answer, body: answer.body.map((b, i) => (i === 99 ? b ^ 1 : b)) } : answer;
  const roster: Roster = { conversation: "", me: alice, members: [member(bob, "b"), member(carol, "x")] };
  const r = await checkRoster(client, roster);
  const codes = r.report.findings.map((f) => `${f.code} ${f.label}`);
  assert.ok(
    codes.includes(`could-not-check ${bob}`) && codes.includes(`ghost-device ${carol}`),
    codes.join("; "),
  );
  assert.equal(r.exit, 6);
  assert.equal(r.digest, undefined);
  proxy.tamper = () => "drop";
  const lost = await checkRoster(client, roster);
  assert.equal(lost.exit, 5);
  assert.equal(lost.report.findings.filter((f) => f.code === "could-not-check").length, 3);
  assert.equal(lost.verdict.outcome, "could not check");
});

test("a directory that answers with another value of a version is convicted, and others are checked", async () => {
  const directory = await Directory.start({ window: "1s" });
  directory.publish(alice, set("z"));
  await directory.stop();
  const other = directory.copy();
  await directory.serve();
  const proxy = await Proxy.start(directory.url);
  directory.publish(bob, set("b"));
  const client = await open(proxy.url);
  const roster: Roster = { conversation: "", me: alice, members: [member(bob, "b")] };
  assert.equal((await checkRoster(client, roster)).exit, 0);
  await other.serve();
  other.publish(bob, set("x"));
  proxy.target = other.url;
  const r = await checkRoster(client, roster);
  assert.equal(r.exit, 3);
  assert.equal(r.verdict.outcome, "misbehaviour proven");
  assert.ok(r.evidence.size > 0 && [...r.evidence.values()].some((e) => e?.class === "evidence"));
});

test("options that make no sense are refused", async () => {
  const directory = await Directory.start();
  const client = await open(directory.url);
  const roster: Roster = { conversation: "", me: alice, members: [] };
  for (const options of [{ history: 0 }, { history: -1 }, { window: 0 }, { window: -1 }, { window: NaN }]) {
    await fails(checkRoster(client, roster, options), "usage");
  }
  await fails(checkRoster(client, roster, { signal: AbortSignal.abort() }), "operational");
});
