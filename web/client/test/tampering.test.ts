import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, Failure, MemoryStore } from "../src/index.js";
import { Directory } from "./world/directory.js";
import { Proxy } from "./world/proxy.js";

const label = "alice@example.org";

/** How many bytes of a response are changed, each in another request. */
const samples = 80;

/** What a user does, and the operation whose response is changed. */
const deeds: [operation: string, deed: (c: Client) => Promise<unknown>][] = [
  ["batch", (c) => c.lookup(label)],
  ["batch", (c) => c.lookup("nobody@example.org")],
  ["batch", many],
  ["distinguished", (c) => c.heads()],
  ["contact-monitor", watched],
  ["owner-monitor", (c) => c.own("owned@example.org")],
];

/** The same for a client that has found out that the directory has no batches. */
const withoutBatches: typeof deeds = [
  ["search", (c) => c.lookup(label)],
  ["absence", (c) => c.lookup("nobody@example.org")],
];

/** Many lookups, of which one that failed fails all. */
async function many(c: Client): Promise<void> {
  for (const { failure } of await c.lookupMany([label, "nobody@example.org"])) if (failure) throw failure;
}

/** A round of monitoring, which reports on each label. */
async function watched(c: Client): Promise<void> {
  const { reports } = await c.watch();
  for (const { failure } of reports) if (failure) throw failure;
}

for (const suite of ["ed25519", "p256"] as const) {
  test(`a changed byte of a response is refused, accuses nobody, and changes nothing (${suite})`, async () => {
    const directory = await Directory.start({ suite, window: "1h" });
    directory.publish("owned@example.org", "owned");
    directory.publish(label, "value");
    const proxy = await Proxy.start(directory.url);
    const store = new MemoryStore();
    const transport = { retries: 0 };
    const configuration = await directory.configuration();
    const client = await Client.open({ directory: proxy.url, configuration, store, transport });
    await client.own("owned@example.org");
    await client.lookup(label);
    await tamperWith(proxy, store, client, deeds);
    const unaided = await Client.open({ directory: proxy.url, store, transport });
    proxy.tamper = ({ path }, answer) =>
      path === "/v1/batch" ? { status: 404, headers: {}, body: new Uint8Array() } : answer;
    await unaided.lookup(label);
    await tamperWith(proxy, store, unaided, withoutBatches);
    await directory.stop();
  });
}

/** Does everything with changed responses, which must be refused. */
async function tamperWith(
  proxy: Proxy,
  store: MemoryStore,
  client: Client,
  what: typeof deeds,
): Promise<void> {
  for (const [operation, deed] of what) {
    await deed(client);
    await flipBytes(proxy, operation, async (position) => {
      const before = (await store.read(`state ${proxy.url}`))?.text;
      const error = await deed(client).then(
        () => undefined,
        (e: unknown) => e,
      );
      const what = `${operation}, byte ${position}: ${String(error)}`;
      assert.ok(error instanceof Failure, what);
      assert.equal(error.kind, "undecided", what);
      assert.equal((await store.read(`state ${proxy.url}`))?.text, before, what);
    });
    await deed(client);
  }
  assert.deepEqual(await client.evidence(), []);
}

/** Runs a check for a changed byte here and there in the responses to one operation. */
async function flipBytes(
  proxy: Proxy,
  operation: string,
  check: (position: number) => Promise<void>,
): Promise<void> {
  let size = 1;
  for (let i = 0; i < samples; i++) {
    let position = 0;
    let isDone = false;
    proxy.tamper = (request, answer) => {
      if (request.path !== `/v1/${operation}` || answer.status !== 200 || isDone) return answer;
      // The answers to later requests of the same operation are honest.
      isDone = true;
      size = answer.body.length;
      position = Math.floor((i * size) / samples);
      const body = answer.body.slice();
      body[position] = (body[position] ?? 0) ^ (1 << (i % 8));
      return { ...answer, body };
    };
    await check(position);
    assert.ok(isDone, `nobody asked for ${operation}`);
  }
  proxy.tamper = (_, answer) => answer;
}
