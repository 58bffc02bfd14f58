import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Client,
  encodeUtf8,
  Failure,
  MemoryStore,
  type LookupResult,
  type AbsentResult,
} from "../src/index.js";
import { Directory } from "./world/directory.js";
import { eventually } from "./world/stories.js";

/** A lookup that found something. */
function found(r: LookupResult | AbsentResult): LookupResult {
  assert.equal(r.kind, "found");
  return r as LookupResult;
}

for (const suite of ["ed25519", "p256"] as const) {
  test(`the first lookup is verified, and monitored until a distinguished entry covers it (${suite})`, async () => {
    const directory = await Directory.start({ suite, heartbeat: "300ms" });
    directory.publish("alice@example.org", "first");
    const client = await Client.open({ directory: directory.url, store: new MemoryStore() });
    const r = found(await client.lookup("alice@example.org"));
    assert.deepEqual(r.value, encodeUtf8("first"));
    assert.equal(r.version, 0);
    assert.equal(r.before, undefined);
    assert.deepEqual(r.verdict.checkedBy, [{ kind: "browser" }]);
    const names = new Set(r.steps.map((s) => s.name));
    assert.deepEqual(
      [...names],
      [
        "request",
        "search-keys",
        "commitment",
        "search",
        "lookups",
        "result",
        "log-root",
        "signature",
        "time",
        "monitoring",
      ],
    );
    await eventually(async () => {
      const { reports } = await client.watch();
      assert.equal(reports[0]?.failure, undefined);
      return reports[0]?.verdict.outcome === "verified";
    });
    await directory.stop();
  });
}

test("a changed value is told once, with what was seen before", async () => {
  const directory = await Directory.start();
  directory.publish("alice@example.org", "first");
  const client = await Client.open({ directory: directory.url, store: new MemoryStore() });
  await client.lookup("alice@example.org");
  directory.publish("alice@example.org", "second");
  const changed = found(await client.lookup("alice@example.org"));
  assert.equal(changed.verdict.outcome, "changed");
  assert.deepEqual(changed.before?.value, encodeUtf8("first"));
  assert.match(changed.verdict.reason, /^version 1 is proven, and differs from version 0/);
  const again = found(await client.lookup("alice@example.org"));
  assert.notEqual(again.verdict.outcome, "changed");
  const old = found(await client.lookup("alice@example.org", { version: 0 }));
  assert.deepEqual(old.value, encodeUtf8("first"));
  assert.equal(old.greatest, false);
});

test("what does not exist is proven absent", async () => {
  const directory = await Directory.start();
  directory.publish("alice@example.org", "first");
  const client = await Client.open({ directory: directory.url, store: new MemoryStore() });
  const nobody = await client.lookup("nobody@example.org");
  assert.equal(nobody.kind, "absent");
  assert.equal(nobody.verdict.outcome, "proven absent");
  const version = await client.lookup("alice@example.org", { version: 7 });
  assert.ok(version.kind === "absent" && version.greatest === 0 && version.version === 7);
  assert.equal((await client.history("nobody@example.org")).kind, "absent");
});

test("many labels are looked up at once", async () => {
  const directory = await Directory.start();
  for (const name of ["a", "b", "c"]) directory.publish(name, `value of ${name}`);
  const client = await Client.open({ directory: directory.url, store: new MemoryStore() });
  const steps: number[] = [];
  const results = await client.lookupMany(["a", "b", "nobody", "c"], { progress: (p) => steps.push(p.done) });
  assert.deepEqual(
    results.map((r) => r.result?.kind),
    ["found", "found", "absent", "found"],
  );
  assert.deepEqual(steps, [0, 4]);
  assert.deepEqual((await client.labels()).contacts, ["a", "b", "c"]);
  await client.forget("contact", "a", "b");
  assert.deepEqual((await client.labels()).contacts, ["c"]);
});

test("the history of a label has all its versions, newest first", async () => {
  const directory = await Directory.start();
  for (let i = 0; i < 5; i++) directory.publish("alice@example.org", `value ${i}`);
  const client = await Client.open({ directory: directory.url, store: new MemoryStore() });
  const all = await client.history("alice@example.org");
  assert.ok(all.kind === "found");
  assert.deepEqual(
    all.versions.map((v) => v.version),
    [4, 3, 2, 1, 0],
  );
  assert.deepEqual(all.versions[3]?.lookup?.value, encodeUtf8("value 1"));
  assert.equal(all.more, false);
  const some = await client.history("alice@example.org", 2);
  assert.ok(some.kind === "found" && some.versions.length === 2 && some.more);
});

test("labels that cannot be asked for are refused before anything is sent", async () => {
  const directory = await Directory.start();
  const client = await Client.open({ directory: directory.url, store: new MemoryStore() });
  for (const label of ["", "x".repeat(256), "\ud800"]) {
    await assert.rejects(client.lookup(label), (e) => e instanceof Failure && e.kind === "usage");
  }
});
