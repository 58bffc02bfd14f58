import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, MemoryStore, verdictOf } from "../src/index.js";
import { NetworkError, Problem, ResponseError } from "../src/problem.js";
import { Directory } from "./world/directory.js";
import { type Answer, Proxy } from "./world/proxy.js";
import { fails } from "./world/stories.js";

const label = "alice@example.org";

/** A client of a directory behind a proxy, which has seen a label. */
async function behindProxy(options: { timeout?: number; retries?: number; maxResponse?: number } = {}) {
  const directory = await Directory.start();
  directory.publish(label, "value");
  const proxy = await Proxy.start(directory.url);
  const store = new MemoryStore();
  const transport = { backoff: 1, ...options };
  const client = await Client.open({ directory: proxy.url, store, transport });
  await client.lookup(label);
  proxy.requests.length = 0;
  return { directory, proxy, store, client };
}

const text = (status: number, body: string, type = "text/plain"): Answer => ({
  status,
  headers: { "Content-Type": type },
  body: new TextEncoder().encode(body),
});

test("a directory that is not reached, and one that is too slow, leave no verdict", async () => {
  const { proxy, client } = await behindProxy({ timeout: 100, retries: 2 });
  proxy.tamper = () => "hang";
  const slow = await fails(client.lookup(label), "undecided", /no answer in 0.1 s/);
  assert.ok(slow.cause instanceof NetworkError);
  assert.equal(verdictOf(slow).outcome, "could not check");
  assert.equal(proxy.requests.length, 3, "it was tried again twice");
  proxy.tamper = () => "drop";
  await fails(client.lookup(label), "undecided", /it was not reached/);
  await fails(client.watch(), "undecided", /it was not reached/);
  proxy.close();
  await fails(client.lookup(label), "undecided", /it was not reached/);
  const { heads } = await client.heads({ offline: true });
  assert.ok(heads.length > 0);
});

test("answers that no directory gives are refused", async () => {
  const { proxy, client } = await behindProxy({ maxResponse: 10_000 });
  proxy.tamper = (_, answer) => ({ ...answer, body: new Uint8Array(10_001) });
  const large = await fails(client.lookup(label), "undecided", /larger than 10000 bytes/);
  assert.ok(large.cause instanceof ResponseError);
  proxy.tamper = () => text(200, "<html>hello</html>", "text/html");
  await fails(client.lookup(label), "undecided", /content type/);
  proxy.tamper = () => ({ ...text(302, ""), headers: { Location: "/elsewhere" } });
  proxy.requests.length = 0;
  await fails(client.lookup(label), "undecided", /redirect to elsewhere, which is refused/);
  assert.deepEqual(
    proxy.requests.filter(({ path }) => path === "/elsewhere"),
    [],
    "a redirect was followed",
  );
  proxy.tamper = () => text(200, "", "application/octet-stream");
  await fails(client.lookup(label), "undecided", /malformed/);
  for (const { path } of proxy.requests) assert.doesNotMatch(path, /alice/);
});

test("refusals are told as what they are: claims", async () => {
  const { proxy, client } = await behindProxy();
  const problem = (status: number, type: string, more = {}) =>
    text(
      status,
      JSON.stringify({ type: `urn:ghostlight:problem:${type}`, detail: "because", ...more }),
      "application/problem+json",
    );
  proxy.tamper = () => problem(410, "erased");
  const erased = await fails(client.lookup(label), "undecided", /says that the value was erased/);
  assert.ok(erased.cause instanceof Problem && erased.cause.type === "erased");
  proxy.tamper = ({ path }) =>
    path === "/v1/absence" ? problem(404, "not-found") : problem(404, "unknown-label");
  await fails(client.lookup(label), "undecided", /that is not proven/);
  proxy.tamper = ({ path }, answer) => (path === "/v1/absence" ? answer : problem(404, "unknown-label"));
  await fails(client.lookup(label), "undecided", /nor did it prove it/);
  proxy.tamper = () => problem(409, "conflict", { field: "last" });
  await fails(client.lookup(label), "undecided", /smaller than it was/);
  proxy.tamper = () => problem(410, "pruned", { field: "last" });
  const pruned = await fails(client.lookup(label), "undecided", /which they cannot have/);
  assert.match(pruned.hint ?? "", /do not give up/);
  proxy.tamper = () => problem(500, "internal", { detail: "y".repeat(400) });
  const long = await fails(client.lookup(label), "undecided", /answered 500: y{299}…/);
  assert.ok(long.cause instanceof Problem && long.cause.said.length === 300);
  proxy.tamper = () => text(500, "x".repeat(100_000));
  await fails(client.lookup(label), "undecided", /answered 500: without a reason/);
});

test("a directory that is overloaded is asked again", async () => {
  const { proxy, client } = await behindProxy();
  let refusals = 2;
  proxy.tamper = (_, answer) => (refusals-- > 0 ? text(503, "") : answer);
  assert.equal((await client.lookup(label)).kind, "found");
  assert.equal(proxy.requests.length, 3);
  proxy.tamper = () => ({ ...text(503, ""), headers: { "Retry-After": "3600" } });
  await fails(client.lookup(label), "undecided", /answered 503/);
  // For a batch of one there may be no room when there is for a search.
  assert.deepEqual(
    proxy.requests.slice(3).map(({ path }) => path),
    ["/v1/batch", "/v1/search"],
  );
});

test("an operation that is given up ends, and the next one goes on", async () => {
  const { proxy, client } = await behindProxy();
  proxy.tamper = () => "hang";
  const given = new AbortController();
  const lookup = client.lookup(label, { signal: given.signal });
  setTimeout(() => given.abort(), 50);
  await fails(lookup, "operational");
  proxy.tamper = (_, answer) => answer;
  assert.equal((await client.lookup(label)).kind, "found");
});

test("a directory without the extensions is asked one by one, and its denials are its word", async () => {
  const { proxy, client } = await behindProxy();
  proxy.tamper = ({ path }, answer) => (["/v1/batch", "/v1/absence"].includes(path) ? text(404, "") : answer);
  const [one, nobody] = await client.lookupMany([label, "nobody@example.org"]);
  assert.equal(one?.result?.kind, "found");
  assert.match(nobody?.failure?.message ?? "", /does not know this label; that is not proven/);
  await fails(
    client.lookup("nobody@example.org"),
    "undecided",
    /does not know this label; that is not proven/,
  );
  assert.equal((await client.own(label)).greatest, 0);
  assert.equal((await client.own("nobody@example.org")).greatest, undefined);
  const batches = proxy.requests.filter(({ path }) => path === "/v1/batch");
  assert.equal(batches.length, 1, "a client asks once whether there are batches");
});

test("nothing that users do to labels without news makes the directory refuse a request", async () => {
  const { proxy, client } = await behindProxy();
  const statuses: number[] = [];
  proxy.tamper = (_, answer) => {
    statuses.push(answer.status);
    return answer;
  };
  assert.equal((await client.lookup("nobody@example.org")).kind, "absent");
  assert.equal((await client.lookup(label, { version: 7 })).kind, "absent");
  assert.equal((await client.history("nobody@example.org")).kind, "absent");
  assert.deepEqual(
    proxy.requests.map(({ path }) => path),
    ["/v1/batch", "/v1/batch", "/v1/batch"],
  );
  const [nobody] = await client.lookupMany(["nobody@example.org"]);
  assert.equal(nobody?.result?.kind, "absent");
  for (let i = 0; i < 2; i++) {
    assert.equal((await client.own(label)).greatest, 0);
    assert.equal((await client.own("nobody@example.org")).greatest, undefined);
  }
  await client.watch();
  assert.deepEqual(
    statuses.filter((status) => status !== 200),
    [],
  );
});

test("a public log that fails or lies withholds the verdict, and accuses nobody", async () => {
  const directory = await Directory.start({ policy: "quorum none\n" });
  directory.publish(label, "value");
  const proxy = await Proxy.start(directory.url);
  const policy = `log ${directory.logKey}\nquorum none\n`;
  let now = Date.now();
  const options = { directory: proxy.url, policy, store: new MemoryStore(), now: () => now };
  const client = await Client.open({ ...options, transport: { retries: 0, timeout: 500 } });
  const answers: [Answer, RegExp][] = [
    [text(500, ""), /answered 500/],
    [text(200, "not a note"), /not a signed note/],
    [text(200, "x\n0\nAAAA\n\n\u2014 x AAAAAAAA\n"), /./],
  ];
  for (const [answer, why] of answers) {
    proxy.tamper = ({ path }, honest) => (path.startsWith("/log/") ? answer : honest);
    const r = await client.lookup(label);
    assert.ok(r.kind === "found" && r.witness);
    assert.equal(r.witness.settled, false);
    assert.match(r.witness.reason, why);
    assert.equal(r.verdict.outcome, "verified, still being monitored");
    await fails(client.checkCheckpoint(), "undecided", why);
  }
  proxy.tamper = ({ path }, honest) => {
    if (!path.startsWith("/log/tile/")) return honest;
    return { ...honest, body: honest.body.map((b, i) => (i === 5 ? b ^ 1 : b)) };
  };
  const r = await client.lookup(label);
  assert.equal(r.witness?.settled, false);
  proxy.tamper = ({ path }, honest) => (path.startsWith("/log/") ? "hang" : honest);
  const slow = await client.lookup(label);
  assert.match(slow.witness?.reason ?? "", /no answer in 0.5 s/);
  now += 11 * 60 * 1000;
  await fails(client.lookup(label), "undecided", /more than 10 minutes ago/);
  assert.deepEqual(await client.evidence(), []);
});
