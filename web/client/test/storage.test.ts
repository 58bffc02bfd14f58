import "fake-indexeddb/auto";

import assert from "node:assert/strict";
import { IDBFactory } from "fake-indexeddb";
import { test } from "node:test";

import { seal, unseal } from "../src/client/record.js";
import { Client, ConflictError, MemoryStore, openStore, type Store } from "../src/index.js";
import { IndexedDBStore } from "../src/state/indexeddb.js";
import { Directory } from "./world/directory.js";
import { Proxy } from "./world/proxy.js";
import { fails } from "./world/stories.js";

const label = "alice@example.org";
const stores: [name: string, make: () => Promise<Store>][] = [
  ["MemoryStore", async () => new MemoryStore()],
  ["IndexedDBStore", () => IndexedDBStore.open({ indexedDB: new IDBFactory() })],
];

for (const [name, make] of stores) {
  test(`${name}: a write needs the revision of what it replaces, and is whole`, async () => {
    const store = await make();
    await store.write([{ key: "a", text: "1", revision: 0 }]);
    await store.write([{ key: "a", text: "2", revision: 1 }]);
    const both = [
      { key: "b", text: "new", revision: 0 },
      { key: "a", text: "3", revision: 1 },
    ];
    await assert.rejects(store.write(both), ConflictError);
    assert.deepEqual(await store.read("a"), { text: "2", revision: 2 });
    assert.equal(await store.read("b"), undefined);
    await assert.rejects(store.write([{ key: "a", text: "again", revision: 0 }]), ConflictError);
    await store.write([{ key: "ab", text: "x", revision: undefined }]);
    assert.deepEqual(await store.keys("a"), ["a", "ab"]);
    await store.write([{ key: "a", text: undefined, revision: 2 }]);
    assert.deepEqual(await store.keys(""), ["ab"]);
  });

  test(`${name}: work of one name waits for work of the same name`, async () => {
    const store = await make();
    const order: string[] = [];
    const slow = store.exclusive("x", undefined, async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push("slow");
    });
    const quick = store.exclusive("x", undefined, async () => void order.push("quick"));
    const other = store.exclusive("y", undefined, async () => void order.push("other"));
    const failing = store.exclusive("x", undefined, () => Promise.reject(new Error("no")));
    await Promise.all([slow, quick, other, assert.rejects(failing, /no/)]);
    assert.deepEqual(order, ["other", "slow", "quick"]);
    const given = AbortSignal.abort(new Error("given up"));
    await assert.rejects(
      store.exclusive("x", given, async () => order.push("never")),
      /given up/,
    );
  });
}

test("what is retained survives the page", async () => {
  const directory = await Directory.start();
  directory.publish(label, "first");
  const indexedDB = new IDBFactory();
  const one = await Client.open({
    directory: directory.url,
    store: await IndexedDBStore.open({ indexedDB }),
  });
  assert.equal(one.remembers, true);
  await one.lookup(label);
  directory.publish(label, "second");
  const later = await Client.open({
    directory: `${directory.url}/`,
    store: await IndexedDBStore.open({ indexedDB }),
  });
  const r = await later.lookup(label);
  assert.ok(r.kind === "found" && r.before?.version === 0);
  const other = (await Directory.start()).configuration();
  const configuration = await other;
  const failure = await fails(
    Client.open({ directory: directory.url, configuration, store: await IndexedDBStore.open({ indexedDB }) }),
    "attention",
    /another configuration/,
  );
  assert.match(failure.hint ?? "", /the old one stays pinned/i);
});

test("another directory in the place of the pinned one is refused", async () => {
  const [one, other] = [await Directory.start(), await Directory.start()];
  const proxy = await Proxy.start(one.url);
  const store = new MemoryStore();
  const client = await Client.open({ directory: proxy.url, store });
  await client.heads();
  other.publish(label, "value");
  proxy.target = other.url;
  await fails(client.heads(), "undecided");
  await Client.discard(store, proxy.url);
  await fails(client.heads(), "operational", /discarded/);
  assert.deepEqual(await store.keys(""), []);
  await (await Client.open({ directory: proxy.url, store })).heads();
});

test("a configuration that is given needs no request, and must be one", async () => {
  const directory = await Directory.start();
  const configuration = await directory.configuration();
  await directory.stop();
  const store = new MemoryStore();
  await Client.open({ directory: directory.url, configuration, store });
  const broken = { directory: "https://keys.example.org", configuration: new Uint8Array([1, 2, 3]), store };
  await fails(Client.open(broken), "undecided", /cannot be used/);
  for (const url of [
    "nonsense",
    "ftp://example.org",
    "http://example.org",
    "https://u:p@example.org",
    "https://example.org/?x",
  ]) {
    await fails(Client.open({ directory: url, store }), "usage");
  }
});

test("damaged state is reported, and the state before it taken", async () => {
  const directory = await Directory.start();
  directory.publish(label, "value");
  const store = new MemoryStore();
  const client = await Client.open({ directory: directory.url, store });
  for (let i = 0; i < 2; i++) await client.lookup(label);
  const [key, before] = [`state ${directory.url}`, `state-before ${directory.url}`];
  const record = await store.read(key);
  const damaged = record?.text.replace('"directory"', '"Directory"') ?? "";
  await store.write([{ key, text: damaged, revision: undefined }]);
  assert.deepEqual((await client.labels()).contacts, [label]);
  assert.equal(await client.isDamaged(), true);
  assert.equal((await store.read(`damaged ${directory.url}`))?.text, damaged);
  await client.acknowledgeDamage();
  assert.equal(await client.isDamaged(), false);
  await client.lookup(label);

  for (const one of [key, before]) await store.write([{ key: one, text: damaged, revision: undefined }]);
  const failure = await fails(client.lookup(label), "operational", /its checksum does not match/);
  assert.match(failure.hint ?? "", /discard/);
  assert.equal((await store.read(key))?.text, damaged, "nothing was changed");
  await store.write([{ key, text: seal("ghostlight-state", 2, {}), revision: undefined }]);
  await fails(client.lookup(label), "operational", /has version 2/);
});

test("a record says whether it is damaged, wherever", () => {
  const value = {
    bytes: Uint8Array.of(1, 2, 255),
    map: new Map([[1, { deep: new Uint8Array() }]]),
    text: "\u20ac",
    none: undefined,
  };
  const record = seal("format", 1, value);
  assert.deepEqual(unseal("format", 1, record), { bytes: value.bytes, map: value.map, text: value.text });
  for (let i = 0; i < record.length; i++) {
    const other = record.slice(0, i) + String.fromCharCode(record.charCodeAt(i) ^ 1) + record.slice(i + 1);
    assert.throws(() => unseal("format", 1, other), /format|checksum|version/);
    assert.throws(() => unseal("format", 1, record.slice(0, i)));
  }
});

test("two tabs at once lose nothing, with locks or without", async () => {
  const directory = await Directory.start();
  const labels = Array.from({ length: 12 }, (_, i) => `label${i}`);
  const publisher = directory.publisher();
  for (const one of labels) publisher.publish(one, "value");
  const indexedDB = new IDBFactory();
  for (const locks of [undefined, fakeLocks()]) {
    // Two stores on one database have no mutex in common.
    const tab = async () => {
      const store = await IndexedDBStore.open({ indexedDB, name: String(locks), ...(locks && { locks }) });
      return Client.open({ directory: directory.url, store });
    };
    const tabs = [await tab(), await tab()];
    await Promise.all(labels.map((one, i) => tabs[i % 2]?.lookup(one)));
    assert.deepEqual((await tabs[0]?.labels())?.contacts, [...labels].sort());
  }
});

/** What browsers have as navigator.locks, as far as it is used here. */
function fakeLocks(): LockManager {
  const shared = new MemoryStore();
  const request = (name: string, options: LockOptions, work: () => Promise<unknown>) =>
    shared.exclusive(name, options.signal, work);
  return { request } as unknown as LockManager;
}

test("disabled storage is no obstacle, but nothing is remembered", async () => {
  const broken = {
    open: () => {
      throw new DOMException("no", "SecurityError");
    },
  } as unknown as IDBFactory;
  const store = await openStore({ indexedDB: broken });
  assert.equal(store.lasting, false);
  const directory = await Directory.start();
  directory.publish(label, "value");
  const client = await Client.open({ directory: directory.url, store });
  assert.equal(client.remembers, false);
  assert.equal((await client.lookup(label)).kind, "found");
  assert.equal((await openStore({ indexedDB: new IDBFactory() })).lasting, true);
});

test("storage that fails is an operational error, and nothing is handed out", async () => {
  const directory = await Directory.start();
  directory.publish(label, "value");
  const store = new MemoryStore();
  const client = await Client.open({ directory: directory.url, store });
  store.write = () => Promise.reject(new DOMException("full", "QuotaExceededError"));
  await fails(client.lookup(label), "operational", /full/);
});
