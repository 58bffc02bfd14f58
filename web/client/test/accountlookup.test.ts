import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";

import { Client, MemoryStore } from "../src/index.js";
import { Directory, Publisher, temporary } from "./world/directory.js";
import { fails } from "./world/stories.js";

const label = "alice@example.org";

/** A line with a new SSH key. */
function sshKey(): string {
  const { publicKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const part = (b: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, b.length]), b]);
  return `ssh-ed25519 ${Buffer.concat([part(Buffer.from("ssh-ed25519")), part(raw)]).toString("base64")}\n`;
}

/** An owner with an account key, which has signed a version. */
async function signed(): Promise<{ directory: Directory; owner: Publisher; key: string }> {
  const directory = await Directory.start();
  const owner = directory.publisher();
  const key = accountKey(owner);
  owner.publish(label, sshKey(), "--account-key", key);
  return { directory, owner, key };
}

function accountKey(owner: Publisher): string {
  const file = join(temporary(), "account.pem");
  owner.kt("account", "new", file);
  return file;
}

const open = (directory: Directory) => Client.open({ directory: directory.url, store: new MemoryStore() });

test("versions that the account key signed are told so", async () => {
  const { directory, owner, key } = await signed();
  const client = await open(directory);
  const first = await client.lookup(label);
  assert.ok(first.kind === "found");
  assert.equal(first.account?.status, "established");
  assert.match(first.verdict.reason, /signed by the label's account key/);
  owner.publish(label, sshKey(), "--account-key", key);
  const second = await client.lookup(label);
  assert.ok(second.kind === "found");
  assert.equal(second.account?.status, "signed");
  assert.equal(second.account.key, first.account.key);
  assert.equal(second.verdict.outcome, "changed");
});

test("a version that the account key did not sign is refused, also at first sight", async () => {
  const { directory, owner, key } = await signed();
  const [client, newcomer] = [await open(directory), await open(directory)];
  await client.lookup(label);
  await directory.impose(label, "ghost", 0);
  for (const c of [client, newcomer]) {
    const failure = await fails(
      c.lookup(label),
      "attention",
      /version 1 is not signed by the label's account key/,
    );
    assert.match(failure.hint ?? "", /The last one that stands is version 0/);
    const many = await c.lookupMany([label, "nobody@example.org"]);
    assert.equal(many[0]?.failure?.kind, "attention");
    assert.equal(many[1]?.result?.kind, "absent");
  }
  const history = await client.history(label);
  assert.ok(history.kind === "found");
  assert.equal(history.verdict.outcome, "changed");
  assert.deepEqual(
    history.versions.map((v) => v.account?.status),
    ["unsigned", "established"],
  );
  // What was seen last is still version 0.
  owner.publish(label, sshKey(), "--account-key", key);
  const r = await client.lookup(label);
  assert.ok(r.kind === "found" && r.before?.version === 0 && r.version === 2);
  const fresh = await (await open(directory)).lookup(label);
  assert.match(fresh.verdict.reason, /version 1 .*was not signed by the account key, and does not count/);
});

test("a rotated account key is told, and a reset is shouted", async () => {
  const { directory, owner, key } = await signed();
  const client = await open(directory);
  await client.lookup(label);
  const next = accountKey(owner);
  owner.write("account", "rotate", label, "--account-key", key, "--new-account-key", next);
  const rotated = await client.lookup(label);
  assert.ok(rotated.kind === "found");
  assert.equal(rotated.account?.status, "rotated");
  assert.match(rotated.verdict.reason, /version 1 .*changed the account key, signed by the old one/);

  const other = accountKey(owner);
  owner.write("account", "reset", label, "--new-account-key", other);
  const announced = await client.lookup(label);
  assert.ok(announced.kind === "found");
  assert.equal(announced.account?.status, "reset announced");
  assert.match(announced.verdict.reason, /announces another account key/);
  owner.write("account", "reset", label, "--new-account-key", other);
  const reset = await client.lookup(label);
  assert.ok(reset.kind === "found");
  assert.equal(reset.verdict.outcome, "changed");
  assert.match(reset.verdict.reason, /IDENTITY RESET: version 3/);
  const history = await client.history(label);
  assert.ok(history.kind === "found");
  assert.deepEqual(
    history.versions.map((v) => v.account?.status),
    ["reset", "reset announced", "rotated", "established"],
  );
});

test("an owner is told what the account key says of a version that is not theirs", async () => {
  const { directory } = await signed();
  const client = await open(directory);
  const taken = await client.own(label);
  assert.equal(taken.account?.status, "established");
  await directory.impose(label, "ghost", 0);
  const now = await client.own(label);
  assert.equal(now.unexpected[0]?.account?.status, "unsigned");
  assert.match(now.verdict.reason, /contacts refuse it/);
});
