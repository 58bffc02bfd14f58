import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { inTab, ownTrouble } from "./asking.js";
import { fileOf, flipped, give, resultOf, type Dropped } from "./filehelp.js";
import { execute, repository, start, until, type Running } from "./programs.js";
import { theWorld } from "./shared.js";

const standalone = pathToFileURL(`${repository}web/audit/dist/verify.html`).href;

/** What the owner of a label and somebody with heads have, before and after a distinguished entry covers it. */
interface Files {
  readonly configuration: Dropped;
  readonly early: Dropped;
  readonly provisional: Dropped;
  readonly late: Dropped;
  readonly standard: Dropped;
  readonly update: Dropped;
}

describe("credentials that become final, in the page without a server", { concurrency: 2 }, () => {
  let folder: string;
  let server: Running;
  let files: Files;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ghostlight-credentials-"));
    const bin = join(theWorld().folder, "bin");
    const dir = join(folder, "directory");
    await execute(bin, "ktd", "init", dir, "--reasonable-monitoring-window", "1s");
    server = start(bin, "ktd", "serve", dir, "--listen", "127.0.0.1:0");
    const url = await until("ktd serve", () => /http:\/\/[0-9.:]+/.exec(server.log())?.[0], server.log);
    files = await makeFiles(bin, folder, url);
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test("a standard one is verified at once, with heads that have its entry", async () => {
    await inTab(standalone, async (tab) => {
      await tab.page.locator("#against-configuration").setInputFiles(files.configuration);
      await give(tab.page, [files.early, files.standard]);
      assert.equal((await resultOf(tab.page, files.standard.name)).verdict, "unchecked", "heads are too old");
      await tab.page.reload();
      await tab.page.locator("#against-configuration").setInputFiles(files.configuration);
      await give(tab.page, [files.late, files.standard]);
      const { verdict, words } = await resultOf(tab.page, files.standard.name);
      assert.equal(verdict, "verified", words);
      assert.match(words, /Version 0 of the label is proven.*ida@example\.org/s);
      assert.doesNotMatch(words, /has to provide an update/);
      for (const at of [0.5, 0.7, 0.9]) {
        const bad = flipped(files.standard, at);
        await give(tab.page, [{ ...bad, name: `${at}` }]);
        assert.equal((await resultOf(tab.page, `${at}`)).verdict, "unchecked", `a byte at ${at}`);
      }
      assert.deepEqual(ownTrouble(tab), []);
    });
  });

  test("a provisional one stays monitored while no head covers it, even with its update", async () => {
    await inTab(standalone, async (tab) => {
      const name = files.provisional.name;
      await tab.page.locator("#against-configuration").setInputFiles(files.configuration);
      await give(tab.page, [files.early, files.provisional]);
      const before = await resultOf(tab.page, name);
      assert.equal(before.verdict, "monitored", before.words);
      assert.match(before.words, /ask its sender for an update/);
      await give(tab.page, [files.update]);
      assert.equal((await resultOf(tab.page, name)).verdict, "monitored", "the heads do not reach that far");

      assert.deepEqual(ownTrouble(tab), []);
    });
  });
});

/** Publishes a label, and others until a distinguished entry covers it, and has kt make the files. */
async function makeFiles(bin: string, folder: string, url: string): Promise<Files> {
  const common = ["--state", join(folder, "state"), "--directory", url];
  const kt = (...args: string[]) => execute(bin, "kt", ...args, ...common);
  const make = async (name: string, ...args: string[]) => {
    await kt(...args, "--output", join(folder, name));
    return fileOf(name, await readFile(join(folder, name)));
  };
  await writeFile(join(folder, "value"), "a key");
  const token = join(folder, "directory", "registration-token");
  const label = "ida@example.org";
  await kt("trust", url);
  const early = await make("early", "heads", "export", "--signed");
  const publish = (label: string) =>
    kt("publish", label, join(folder, "value"), "--raw", "--token-file", token);
  await publish(label);
  const provisional = await make("provisional", "credential", "create", label, "--provisional");
  let others = 0;
  const update = await until("an update", async () => {
    await new Promise((resolve) => setTimeout(resolve, 600)); // of the window of a second
    await publish(`other${others++}@example.org`);
    return make("update", "credential", "update", join(folder, "provisional")).catch(() => undefined);
  });
  const standard = await make("standard", "credential", "create", label);
  const late = await make("late", "heads", "export", "--signed");
  const response = await fetch(`${url}/v1/configuration`);
  const configuration = fileOf("configuration", Buffer.from(await response.arrayBuffer()));
  return { configuration, early, provisional, late, standard, update };
}
