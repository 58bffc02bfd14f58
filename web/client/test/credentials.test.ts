import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, encodeUtf8, MemoryStore } from "../src/index.js";
import { Directory } from "./world/directory.js";
import { eventually, fails } from "./world/stories.js";

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
