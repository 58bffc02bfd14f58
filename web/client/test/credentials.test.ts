import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, encodeUtf8, MemoryStore } from "../src/index.js";
import { Directory, type Publisher } from "./world/directory.js";
import { eventually, fails } from "./world/stories.js";
import { Witness } from "./world/witness.js";

const label = "alice@example.org";

test("a credential is verified offline, against the heads that are retained", async () => {
  const directory = await Directory.start({ heartbeat: "300ms" });
  const owner = directory.publisher();
  owner.publish(label, "value");
  const configuration = await directory.configuration();
  const client = await Client.open({ directory: directory.url, configuration, store: new MemoryStore() });
  let file = "";
  await eventually(async () => {
    file = owner.kt("credential", "create", label);
    return (
      (JSON.parse(owner.kt("--json", "credential", "create", label)) as { type: string }).type === "standard"
    );
  });
  file = owner.kt("credential", "create", label);
  await fails(client.verifyCredential(file), "undecided", /no recent distinguished entry is known/);
  await client.heads();
  await directory.stop();
  const r = await client.verifyCredential(file);
  assert.equal(r.label, label);
  assert.equal(r.type, "standard");
  assert.equal(r.final, true);
  assert.deepEqual(r.value, encodeUtf8("value"));
  assert.equal(r.verdict.outcome, "verified");
  const damaged = file.replace(/"credential": "(.{40})./, '"credential": "$1A');
  await fails(client.verifyCredential(damaged), "undecided");
  await fails(client.verifyCredential("{}"), "undecided", /format/);
  await fails(
    client.verifyCredential(file.replace(/"configuration_sha256": "../, '"configuration_sha256": "00')),
    "usage",
  );
});

test("a credential is not verified while the witnesses have not seen the heads that it rests on", async () => {
  const witness = await Witness.make("wren"); // which watches no log
  const directory = await Directory.start({ heartbeat: "300ms" });
  const owner = directory.publisher();
  owner.publish(label, "value");
  const policy = `log ${directory.logKey}\n${witness.policy}`;
  let now = Date.now();
  const options = { directory: directory.url, policy, store: new MemoryStore() };
  const client = await Client.open({ ...options, now: () => now });
  const file = await standardCredential(owner);
  now = Date.now();
  await client.heads();
  const pending = await client.verifyCredential(file);
  assert.equal(pending.verdict.outcome, "verified, still being monitored");
  assert.deepEqual(pending.verdict.checkedBy, [{ kind: "browser" }]);
  assert.equal((await client.heads({ offline: true })).verdict.outcome, "verified, still being monitored");
  now += 11 * 60 * 1000;
  await fails(client.verifyCredential(file), "undecided", /more than 10 minutes ago/);
  assert.equal((await client.heads({ offline: true })).verdict.outcome, "could not check");
});

/** A credential of the label that a distinguished log entry covers. */
async function standardCredential(owner: Publisher): Promise<string> {
  const made = () => JSON.parse(owner.kt("--json", "credential", "create", label)) as { type: string };
  await eventually(async () => made().type === "standard");
  return owner.kt("credential", "create", label);
}
