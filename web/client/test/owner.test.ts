import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, encodeUtf8, MemoryStore } from "../src/index.js";
import { Directory } from "./world/directory.js";
import { eventually, fails } from "./world/stories.js";

const label = "alice@example.org";

test("an owner sees a version that is not theirs, until they accept it", async () => {
  const directory = await Directory.start({ heartbeat: "300ms" });
  directory.publish(label, "mine");
  const client = await Client.open({ directory: directory.url, store: new MemoryStore() });
  const taken = await client.own(label);
  assert.equal(taken.takenOver, true);
  assert.equal(taken.greatest, 0);
  assert.deepEqual(taken.last?.value, encodeUtf8("mine"));
  assert.deepEqual(taken.unexpected, []);
  assert.match(taken.verdict.outcome, /^verified/);

  directory.publish(label, "somebody else's");
  const { reports } = await client.watch();
  const report = reports.find((r) => r.role === "owner");
  assert.equal(report?.failure, undefined);
  assert.equal(report?.verdict.outcome, "changed");
  const [unexpected] = report?.unexpected ?? [];
  assert.equal(unexpected?.version, 1);
  assert.deepEqual(unexpected?.value, encodeUtf8("somebody else's"));
  assert.ok((unexpected?.logEntryTime ?? 0) > Date.now() - 60_000);

  const again = await client.own(label);
  assert.equal(again.takenOver, false);
  assert.equal(again.unexpected.length, 1);
  await fails(client.accept(label, 0), "usage");
  const accepted = await client.accept(label, 1);
  assert.deepEqual(accepted.unexpected, []);
  await eventually(async () => (await client.own(label)).verdict.outcome === "verified");
});

test("an owner of a label without versions sees the first one", async () => {
  const directory = await Directory.start();
  directory.publish("somebody@example.org", "makes the log grow");
  const client = await Client.open({ directory: directory.url, store: new MemoryStore() });
  const taken = await client.own(label);
  assert.equal(taken.greatest, undefined);
  assert.match(taken.verdict.reason, /no version/);
  directory.publish(label, "not mine");
  const now = await client.own(label);
  assert.equal(now.verdict.outcome, "changed");
  await client.forget("owner", label);
  assert.deepEqual((await client.labels()).owned, []);
});
