import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, MemoryStore } from "../src/index.js";
import { Directory } from "./world/directory.js";
import { Proxy } from "./world/proxy.js";
import { eventually, fails } from "./world/stories.js";
import { Witness } from "./world/witness.js";

const label = "alice@example.org";

/** A directory whose log a witness cosigns, and the policy of those who rely on it. */
async function witnessed() {
  const witness = await Witness.make("wren");
  const directory = Directory.make({ policy: witness.policy });
  await witness.watch(directory.logKey);
  await directory.serve();
  return { witness, directory, policy: `log ${directory.logKey}\n${witness.policy}` };
}

test("under a policy a lookup is verified once the witnesses have seen what it rests on", async () => {
  const { witness, directory, policy } = await witnessed();
  directory.publish(label, "value");
  const proxy = await Proxy.start(directory.url);
  // The clock of a minute ago: nothing is late.
  const options = { directory: proxy.url, policy: policy.replace(/^log \S+/, `$& ${directory.url}/log`) };
  let now = Date.now();
  const client = await Client.open({ ...options, store: new MemoryStore(), now: () => now });
  await eventually(async () => {
    const r = await client.lookup(label);
    assert.ok(r.kind === "found");
    return r.witness?.settled === true;
  });
  const r = await client.lookup(label);
  assert.ok(r.kind === "found");
  assert.deepEqual(r.witness?.cosignedBy, ["wren"]);
  assert.deepEqual(r.verdict.checkedBy, [{ kind: "browser" }, { kind: "witness", name: "wren" }]);
  assert.equal(r.steps.filter((s) => s.name === "witness").length, 2);

  await witness.stop();
  directory.publish(label, "new value");
  const pending = await client.lookup(label);
  assert.ok(pending.kind === "found" && pending.witness?.settled === false);
  assert.equal(pending.verdict.outcome, "changed");
  assert.match(pending.witness.reason, /newer than what the witnesses have seen/);

  now += 11 * 60 * 1000;
  const late = await fails(client.lookup(label), "undecided", /more than 10 minutes ago/);
  assert.equal(late.step, "checking the log against its witnesses");
  const { log } = await client.watch();
  assert.equal(log?.verdict.outcome, "could not check");
  await directory.stop();
});

test("a checkpoint is checked with its cosignatures, and against the last visit", async () => {
  const { directory, policy } = await witnessed();
  directory.publish(label, "value");
  const client = await Client.open({ directory: directory.url, policy, store: new MemoryStore() });
  await eventually(async () => {
    const c = await client.checkCheckpoint();
    return c.size >= 2 && c.quorumMet;
  });
  directory.publish(label, "new value");
  await eventually(async () => (await client.checkCheckpoint()).size >= 3);
  const c = await client.checkCheckpoint();
  assert.match(c.verdict.reason, /consistent with your visit on \d{4}-\d\d-\d\d/);
  assert.deepEqual(c.cosignatures.map((s) => [s.name, s.missing]).slice(1), [["wren", false]]);
  assert.ok(Math.abs(c.cosignatures[1]?.lag ?? 1e9) < 60_000);
  const owl = await Witness.make("owl");
  const both = `${policy.replace(/quorum \S+\n/, "")}witness owl ${owl.key}\ngroup both all wren owl\nquorum both\n`;
  const stricter = await Client.open({ directory: directory.url, policy: both, store: new MemoryStore() });
  const lacking = await stricter.checkCheckpoint();
  assert.deepEqual(lacking.cosignatures.map((s) => s.missing).slice(1), [false, true]);
  assert.equal(lacking.quorumMet, false);
  assert.equal(lacking.verdict.outcome, "could not check");
  const unseen = await stricter.lookup(label);
  assert.match(unseen.witness?.reason ?? "", /too few of the policy's witnesses/);
  const proof = await client.consistency(1, 3);
  assert.equal(proof.verdict.outcome, "verified");
  assert.equal(proof.proof.length > 0, true);
  const entry = await client.entry(1);
  assert.equal(entry.bytes.length, 40);
  assert.match(entry.file, /^c2sp.org\/tlog-proof@v1\n/);
  await fails(client.entry(1000), "usage");
  await fails(client.consistency(3, 1), "usage");
  await directory.stop();
});

test("a policy stays until it is replaced", async () => {
  const { directory, policy } = await witnessed();
  directory.publish(label, "value");
  const store = new MemoryStore();
  const other = `log ${directory.logKey}\nquorum none\n`;
  await Client.open({ directory: directory.url, policy: other, store });
  await fails(
    Client.open({ directory: directory.url, policy, store }),
    "attention",
    /another witness policy/,
  );
  const client = await Client.open({ directory: directory.url, policy, replacePolicy: true, store });
  await eventually(async () => {
    const r = await client.lookup(label);
    return r.witness?.settled === true && r.witness.quorum === "wren";
  });
  await fails(Client.open({ directory: directory.url, policy: "nonsense", store }), "usage", /line 1/);
});
