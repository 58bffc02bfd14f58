import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { answered, ask, inTab, ownTrouble, verdictOf } from "./asking.js";
import { checkAccessible, checkNarrow } from "./checks.js";
import type { Tab } from "./chromium.js";
import { visit } from "./chromium.js";
import { forkedLabel, ownedLabel, saved, startFork, type Fork } from "./fork.js";
import { flip, startProxy } from "./proxy.js";
import { theWorld } from "./shared.js";
import { hostileLabel } from "./world.js";

const lookup = () => `${theWorld().directory}/audit/lookup`;

describe("lookup", { concurrency: 2 }, () => {
  test("an honest answer: the verdict first, then the keys, then each step", async () => {
    await inTab(lookup(), async (tab) => {
      assert.equal(await tab.page.locator("#verdict").isVisible(), false, "a verdict on nothing");
      await ask(tab.page, theWorld().label);
      const { badge, words } = await verdictOf(tab);
      assert.equal(badge, "monitored");
      assert.match(words, /newest version.*Checked by: your browser, witness lamp/s);
      const answer = await tab.page.locator("#result").innerText();
      assert.match(answer, /alice@example\.org.*1 key.*Ed25519.*Fingerprint/s);
      assert.match(answer, /only the operator’s claim: this version has no account key/);
      const trace = await tab.page.locator("#trace").innerText();
      for (const step of [/Search keys/, /commitment/, /root/, /signature/, /age/, /watched/, /witnesses/i]) {
        assert.match(trace, step);
      }
      await tab.page.locator(".signers").getByText("lamp has signed").waitFor();
      await tab.page.locator(".signers").getByText("away has not signed").waitFor();
      assert.doesNotMatch(tab.page.url(), /alice/, "the label in the address");
      assert.deepEqual(tab.trouble, []);
    });
  });

  test("the search is drawn, and the table says the same", async () => {
    await inTab(lookup(), async (tab) => {
      await ask(tab.page, theWorld().label);
      const figure = tab.page.locator("figure.search");
      await figure.getByText("The same as a table").click();
      const rows = await figure.locator("tbody tr").count();
      assert.equal(await figure.locator("svg[role=img] .band").count(), rows);
      assert.equal(await figure.locator("svg[role=img] .terminal").count(), 1);
      const table = await figure.locator("tbody").innerText();
      const marks = figure.locator("svg[role=img]");
      const count = (pattern: RegExp) => [...table.matchAll(pattern)].length;
      assert.equal(await marks.locator(".in:not(.settled)").count(), count(/(?<!not )included, \d+ bits/g));
      assert.equal(await marks.locator(".out:not(.settled)").count(), count(/not included, \d+ bits/g));
    });
  });

  test("a version that is asked for, and one that does not exist", async () => {
    await inTab(lookup(), async (tab) => {
      await ask(tab.page, theWorld().label, "2");
      assert.match((await verdictOf(tab)).words, /This is version 2 of the label/);
      await ask(tab.page, theWorld().label, "77");
      const { badge, words } = await verdictOf(tab);
      assert.equal(badge, "verified");
      assert.match(words, /Proven absent: there is no version 77\. The newest is 4\./);
      assert.deepEqual(tab.trouble, []);
    });
  });

  test("a label that does not exist is proven absent", async () => {
    await inTab(lookup(), async (tab) => {
      await ask(tab.page, "nobody@example.org");
      const { badge, words } = await verdictOf(tab);
      assert.equal(badge, "verified");
      assert.match(words, /Proven absent: there is no such label/);
      await checkAccessible(tab.page);
      assert.deepEqual(tab.trouble, []);
    });
  });

  test("what cannot be a label is not sent", async () => {
    await inTab(lookup(), async (tab) => {
      const sent: string[] = [];
      tab.page.on("request", (request) => sent.push(request.url()));
      await ask(tab.page, "two\u202ewords");
      const { badge, words } = await verdictOf(tab);
      assert.equal(badge, "unchecked");
      assert.match(words, /cannot be a label.*Nothing was sent/s);
      assert.deepEqual(sent, []);
    });
  });

  test("direction and markup in a label stay text, with a warning, on a phone", async () => {
    const work = async (tab: Tab) => {
      await ask(tab.page, hostileLabel);
      assert.match((await verdictOf(tab)).badge ?? "", /^(verified|monitored)$/);
      const label = tab.page.locator(".subject bdi");
      assert.equal(await label.textContent(), hostileLabel);
      assert.equal(await label.getAttribute("dir"), "auto");
      assert.equal(await tab.page.locator("#main img").count(), 0);
      await checkNarrow(tab.page);
      assert.deepEqual(tab.trouble, []);
    };
    await inTab(lookup(), work, { size: "phone" });
  });

  test("a label that looks like another one is warned of", async () => {
    await inTab(lookup(), async (tab) => {
      await ask(tab.page, "аlice@example.org"); // with a Cyrillic letter
      assert.match((await verdictOf(tab)).words, /Proven absent/);
      await tab.page.getByText("Look twice at this label").first().waitFor();
    });
  });

  test("a link names the label in its fragment only, and leads to the same answer", async () => {
    await inTab(lookup(), async (tab) => {
      const paths: string[] = [];
      tab.page.on("request", (request) => paths.push(request.url()));
      await ask(tab.page, theWorld().label);
      await tab.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
      await tab.page.getByRole("button", { name: "Copy a link" }).click();
      await tab.page.getByText("Copied. It names the label").waitFor();
      const link = await tab.page.evaluate(() => navigator.clipboard.readText());
      assert.match(link, /\/audit\/lookup#label=alice%40example\.org$/);
      await tab.page.goto("about:blank");
      await visit(tab, link);
      await answered(tab.page);
      assert.equal((await verdictOf(tab)).badge, "monitored");
      assert.deepEqual(
        paths.filter((path) => path.split("#")[0]?.includes("alice")),
        [],
      );
    });
  });

  test("with the keyboard only", async () => {
    await inTab(lookup(), async (tab) => {
      await tab.page.keyboard.press("Tab");
      await tab.page.keyboard.press("Enter"); // skips to the content
      await tab.page.keyboard.press("Tab");
      await tab.page.keyboard.type(theWorld().label);
      await tab.page.keyboard.press("Enter");
      await answered(tab.page);
      assert.equal((await verdictOf(tab)).badge, "monitored");
      assert.equal(await tab.page.evaluate(() => document.activeElement?.id), "verdict");
    });
  });

  test("labels are followed, owned and forgotten, on this device only", async () => {
    await inTab(lookup(), async (tab) => {
      const list = tab.page.locator("#remembered");
      await ask(tab.page, theWorld().label);
      await tab.page.getByRole("button", { name: "Follow", exact: true }).click();
      await list.getByText("looked up, followed, version 4").waitFor();
      await ask(tab.page, "bob@example.org");
      await tab.page.getByRole("button", { name: "This is my address" }).click();
      await list.getByText("yours, version 0").waitFor();
      await visit(tab, lookup());
      await list.getByText("looked up, followed, version 4").waitFor();
      await list.getByText("yours, version 0").waitFor();
      await list.getByRole("button", { name: "Do not follow: alice@example.org" }).click();
      await list.getByText("looked up, version 4").waitFor();
      await list.getByRole("button", { name: "Forget: alice@example.org" }).click();
      await list.getByRole("link", { name: "alice@example.org" }).waitFor({ state: "detached" });
      await list.getByRole("button", { name: "Forget: bob@example.org" }).click();
      await list.getByRole("heading").waitFor({ state: "detached" });
      assert.deepEqual(tab.trouble, []);
    });
  });

  test("without storage it verifies all the same, and says that it remembers nothing", async () => {
    await inTab(lookup(), async (tab) => {
      await tab.page.addInitScript(() => Object.defineProperty(window, "indexedDB", { value: undefined }));
      await visit(tab, lookup());
      await ask(tab.page, theWorld().label);
      assert.equal((await verdictOf(tab)).badge, "monitored");
      await tab.page.getByText("This browser lets the page store nothing").waitFor();
      assert.deepEqual(tab.trouble, []);
    });
  });

  test("offline it says so", async () => {
    await inTab(lookup(), async (tab) => {
      await ask(tab.page, theWorld().label);
      await tab.page.context().setOffline(true);
      await ask(tab.page, "bob@example.org");
      const { badge, words } = await verdictOf(tab);
      assert.equal(badge, "unchecked");
      assert.match(words, /offline/);
      assert.equal(await tab.page.locator("#result").innerText(), "", "an older answer is still shown");
    });
  });
});

describe("lookup through a dishonest or slow server", { concurrency: 2 }, () => {
  for (const at of [0, 0.3, 0.6, 0.99]) {
    test(`a byte at ${at} of the answer is another one`, async () => {
      const proxy = await startProxy(theWorld().directory);
      try {
        await inTab(`${proxy.url}/audit/lookup`, async (tab) => {
          proxy.mischief = { path: /^\/v1\/batch/, change: flip(at) };
          await ask(tab.page, theWorld().label);
          assert.ok(proxy.done > 0, "nothing was changed");
          const { badge, words } = await verdictOf(tab);
          assert.equal(badge, "unchecked");
          assert.match(words, /could not check this.*Checked by: nobody/s);
          assert.equal(await tab.page.locator("#result").innerText(), "");
          assert.equal(await tab.page.locator("#trace").innerText(), "");
          assert.deepEqual(ownTrouble(tab), []);
        });
      } finally {
        await proxy.stop();
      }
    });
  }

  test("what takes long can be stopped", async () => {
    const proxy = await startProxy(theWorld().directory);
    try {
      await inTab(`${proxy.url}/audit/lookup`, async (tab) => {
        proxy.mischief = { path: /^\/v1\//, delay: 20_000 };
        await tab.page.locator("#label").fill(theWorld().label);
        await tab.page.locator("#label").press("Enter");
        await tab.page.getByText("The directory or the network is slow").waitFor();
        await checkAccessible(tab.page);
        await tab.page.getByRole("button", { name: "Stop" }).click();
        await answered(tab.page);
        const { badge, words } = await verdictOf(tab);
        assert.equal(badge, "unchecked");
        assert.match(words, /You stopped this/);
      });
    } finally {
      await proxy.stop();
    }
  });
});

describe("lookup in a directory that changes, and one that shows two logs", () => {
  let fork: Fork;
  before(async () => {
    fork = await startFork(theWorld());
  });
  after(() => fork.stop());

  test("an owner is told of a version by somebody else, and can accept it", async () => {
    await inTab(`${fork.proxy.url}/audit/lookup`, async (tab) => {
      const list = tab.page.locator("#remembered");
      await ask(tab.page, ownedLabel);
      await tab.page.getByRole("button", { name: "This is my address" }).click();
      await list.getByText("watches the label as yours").waitFor();
      await list.getByText("yours, version 0").waitFor();
      await fork.publish(0, ownedLabel, "by an intruder");
      await visit(tab, `${fork.proxy.url}/audit/lookup`);
      await list.getByText("Version 1 came with log entry").waitFor();
      await checkAccessible(tab.page);
      await list.getByText("What it says").click();
      await list.getByText("SHA-256").waitFor();
      await list.getByRole("button", { name: "Accept version 1 as mine" }).click();
      await list.getByText("Version 1 came with log entry").waitFor({ state: "detached" });
      await list.getByText("yours, version 1").waitFor();
      assert.deepEqual(ownTrouble(tab), []);
    });
  });

  test("another value than before is shown as changed, and two logs are convicted", async () => {
    await inTab(`${fork.proxy.url}/audit/lookup`, async (tab) => {
      await ask(tab.page, forkedLabel);
      assert.match((await verdictOf(tab)).words, /newest version/);
      await fork.publish(0, forkedLabel, "for some eyes");
      await ask(tab.page, forkedLabel);
      const changed = await verdictOf(tab);
      assert.equal(changed.badge, "changed");
      assert.match(changed.words, /not what your browser saw/);
      await tab.page.getByText("It saw version 0 on").waitFor();
      await checkAccessible(tab.page);

      await fork.publish(1, forkedLabel, "for others");
      await fork.publish(1, "erik@example.org", "something");
      fork.show(1);
      await ask(tab.page, forkedLabel);
      const { badge, words } = await verdictOf(tab);
      assert.equal(badge, "misbehaviour", words);
      assert.match(words, /kt evidence verify/);
      await checkAccessible(tab.page);
      const download = tab.page.waitForEvent("download");
      await tab.page.locator("#verdict").getByRole("button", { name: "Save the evidence" }).click();
      assert.equal(await fork.verify(await saved(download)), 3, "kt does not take the evidence for proof");

      await visit(tab, `${fork.proxy.url}/audit/lookup`);
      assert.equal((await verdictOf(tab)).badge, "misbehaviour", "the next visit does not tell");
      await tab.page.locator("#remembered").getByText("not checked on this visit").waitFor();
      assert.deepEqual(ownTrouble(tab), []);
    });
  });
});
