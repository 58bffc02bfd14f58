import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { seal, unseal } from "../src/client/record.js";
import type { State } from "../src/client/state.js";
import { Client, emptyView, type EvidenceFile, type Failure, MemoryStore } from "../src/index.js";
import { run } from "./world/commands.js";
import { Directory, temporary } from "./world/directory.js";
import { Proxy } from "./world/proxy.js";
import { eventually, fails } from "./world/stories.js";

const label = "alice@example.org";

/** Two directories with the same keys, which had the same log until now. */
async function forked(policy?: string): Promise<[Directory, Directory, Proxy]> {
  const one = await Directory.start({ window: "1h", ...(policy !== undefined && { policy }) });
  one.publish(label, "value");
  one.publish("bob@example.org", "value");
  await one.stop();
  const other = one.copy();
  await one.serve();
  await other.serve();
  return [one, other, await Proxy.start(one.url)];
}

/** Asserts that kt takes a file for proof of misbehaviour by the directory, with the given exit code. */
function provesToKt(
  file: EvidenceFile | undefined,
  directory: Directory,
  configuration: Uint8Array,
  code = 3,
): void {
  assert.ok(file);
  const dir = temporary();
  const [evidence, config, policy] = ["evidence", "configuration", "policy"].map((name) => join(dir, name));
  writeFileSync(evidence ?? "", file.json);
  writeFileSync(config ?? "", configuration);
  writeFileSync(policy ?? "", `log ${directory.logKey}\nquorum none\n`);
  const flags = ["--configuration", config ?? "", "--policy", policy ?? ""];
  const r = run("kt", "--state", join(dir, "state"), "evidence", "verify", evidence ?? "", ...flags);
  assert.equal(r.code, code, r.stdout + r.stderr);
}

/** Asserts that a failure carries evidence that is kept, too. */
async function isKept(client: Client, failure: Failure): Promise<void> {
  assert.equal(failure.evidence?.class, "evidence");
  assert.deepEqual(await client.evidence(), [failure.evidence]);
}

test("a directory that shows two logs is convicted, by what kt accepts", async () => {
  const [one, other, proxy] = await forked();
  const client = await Client.open({ directory: proxy.url, store: new MemoryStore() });
  one.publish(label, "for some eyes");
  await client.lookup(label);
  other.publish(label, "for others");
  other.publish("bob@example.org", "new value");
  proxy.target = other.url;
  const failure = await fails(client.lookup(label), "misbehaviour", /two logs under one key/);
  await isKept(client, failure);
  provesToKt(failure.evidence, one, await one.configuration());
  // It is met again at every contact, and told once.
  const again = await fails(client.watch(), "misbehaviour");
  await isKept(client, again);
  proxy.target = one.url;
  const r = await client.lookup(label);
  assert.ok(r.kind === "found" && r.version === 1);
});

test("a smaller log than before is refused without accusation", async () => {
  const [one, other, proxy] = await forked();
  const client = await Client.open({ directory: proxy.url, store: new MemoryStore() });
  one.publish(label, "new value");
  await client.lookup(label);
  proxy.target = other.url;
  await fails(client.lookup(label), "undecided", /smaller than it was/);
  assert.deepEqual(await client.evidence(), []);
});

test("a public log with another history is convicted", async () => {
  const [one, other, proxy] = await forked("quorum none\n");
  const policy = `log ${one.logKey}\nquorum none\n`;
  const client = await Client.open({ directory: proxy.url, policy, store: new MemoryStore() });
  one.publish(label, "for some eyes");
  other.publish(label, "for others");
  // The directory's answers are of one history, and its public log of the other.
  const target = { log: other.url, api: one.url };
  proxy.route = (path) => (path.startsWith("/log/") ? target.log : target.api);
  await eventually(async () => (await client.checkCheckpoint()).size >= 4);
  const failure = await fails(client.lookup(label), "misbehaviour", /another log entry 3/);
  assert.equal(failure.evidence?.class, "evidence");
  provesToKt(failure.evidence, one, await one.configuration());

  target.log = one.url;
  await eventually(async () => (await (await fetch(`${one.url}/log/checkpoint`)).text()).includes("\n4\n"));
  const two = await fails(client.checkCheckpoint(), "misbehaviour", /signed two histories/);
  assert.equal(two.evidence?.class, "evidence");
  provesToKt(two.evidence, one, await one.configuration());
});

/** Changes what a client retains of the directory. */
async function meddle(store: MemoryStore, url: string, change: (s: State) => State): Promise<void> {
  const key = `state ${url}`;
  const record = await store.read(key);
  const state = unseal<State>("ghostlight-state", 1, record?.text ?? "");
  await store.write([{ key, text: seal("ghostlight-state", 1, change(state)), revision: undefined }]);
}

test("two signed answers about a label that cannot both be true are evidence, whatever the view", async () => {
  const [one, other, proxy] = await forked();
  const store = new MemoryStore();
  const client = await Client.open({ directory: proxy.url, store });
  one.publish(label, "for some eyes");
  await client.lookup(label);
  other.publish(label, "for others");
  proxy.target = other.url;
  await meddle(store, proxy.url, (s) => ({ ...s, view: emptyView, proofs: new Map() }));
  const failure = await fails(client.lookup(label), "misbehaviour", /another value of version 1 before/);
  await isKept(client, failure);
  assert.equal(failure.evidence?.private, true);
  provesToKt(failure.evidence, one, await one.configuration());
});

test("what rests on memory alone is a report", async () => {
  const [, , proxy] = await forked();
  const store = new MemoryStore();
  const client = await Client.open({ directory: proxy.url, store });
  await client.lookup(label);
  await meddle(store, proxy.url, (s) => {
    const contact = s.contacts.get(label);
    assert.ok(contact?.seen);
    const seen = { ...contact.seen, commitment: new Uint8Array(32) };
    return { ...s, contacts: new Map(s.contacts).set(label, { ...contact, seen }) };
  });
  const failure = await fails(client.lookup(label), "misbehaviour", /another value of version 0 before/);
  assert.equal(failure.evidence?.class, "report");
  assert.match(failure.evidence.json, /"retained_contact"/);
  assert.match(failure.hint ?? "", /report/);
});

test("heads that others were shown are compared", async () => {
  const [one, other, proxy] = await forked();
  const configuration = await one.configuration();
  const client = await Client.open({ directory: proxy.url, configuration, store: new MemoryStore() });
  const friend = await Client.open({ directory: other.url, configuration, store: new MemoryStore() });
  one.publish(label, "for some eyes");
  other.publish(label, "for others");
  await client.heads();
  const mine = await client.exportHeads({ signed: true });
  for (const text of [mine.file, mine.text]) {
    const same = await client.compareHeads(text);
    assert.equal(same.result, "consistent");
    assert.equal(same.common, mine.heads.length);
    assert.equal(same.signed, text === mine.file);
  }
  const theirs = await friend.exportHeads({ signed: true });
  const unsigned = await client.compareHeads(theirs.text);
  assert.equal(unsigned.result, "contradiction");
  assert.equal(unsigned.verdict.outcome, "changed");
  const failure = await fails(client.compareHeads(theirs.file), "misbehaviour", /two logs under one key/);
  provesToKt(failure.evidence, one, configuration);
  await fails(client.compareHeads("GHOSTLIGHT-HEADS-1:AAAA"), "undecided", /check sum/);
  await fails(client.compareHeads(mine.file.replace(/"position": \d+/, '"position": -1')), "undecided");
});
