import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { inTab, ownTrouble, verdictOf } from "./asking.js";
import { checkAccessible, checkKeyboard, checkNarrow } from "./checks.js";
import { visit, type Setting, type Tab } from "./chromium.js";
import { saved } from "./fork.js";
import { until } from "./programs.js";
import { flip } from "./proxy.js";
import { theWorld } from "./shared.js";
import { startWatched, type Watched } from "./watched.js";

/** What a test needs of status.json. */
interface Status {
  readonly verdict: string;
  readonly alerts: readonly { readonly id: string; readonly evidence?: boolean }[];
}

describe("a monitor of another origin, and what it proves", () => {
  let watched: Watched;
  let alert = "";
  before(async () => {
    watched = await startWatched(theWorld());
    await until("a verified round", async () => (await status()).verdict === "verified" || undefined);
  });
  after(() => watched.stop());

  const status = async () => (await (await fetch(`${watched.monitor.url}/status.json`)).json()) as Status;
  const page = (path: string) => `${watched.fork.first}/audit${path}`;
  const card = (tab: Tab, name: string) =>
    tab.page.locator("#monitors .card", { has: tab.page.getByRole("heading", { name }) });

  test("the overview tells what each monitor says, in a word", async () => {
    await inTab(page("/"), async (tab) => {
      const lines = tab.page.locator("#monitors li");
      await lines.getByText("Lamplighters says: verified").waitFor();
      await lines.getByText("Nobody could not be asked").waitFor();
      await lines.getByText("Garbage could not be asked").waitFor();
      assert.deepEqual(ownTrouble(tab), []);
    });
  });

  test("the page of monitors follows one until it proves misbehaviour", async () => {
    await inTab(page("/monitors"), async (tab) => {
      const { badge, words } = await verdictOf(tab);
      assert.equal(badge, "unchecked", words);
      assert.match(words, /2 more could not be asked.*Checked by: monitor Lamplighters/s);
      await card(tab, "Nobody")
        .getByText(/could not be asked: .*could not be reached/)
        .waitFor();
      await card(tab, "Garbage")
        .getByText(/could not be asked: .*not the status of a monitor/)
        .waitFor();
      await checkAccessible(tab.page);

      await watched.misbehave();
      await tab.page.locator('#verdict[data-verdict="misbehaviour"]').waitFor();
      assert.match(
        (await verdictOf(tab)).words,
        /your browser verified a monitor’s evidence.*Checked by: your browser, monitor Lamplighters/s,
      );
      await card(tab, "Lamplighters").getByText("Your browser verified its evidence.").waitFor();
      await checkAccessible(tab.page);
      assert.deepEqual(ownTrouble(tab), []);
      const { alerts } = await status();
      alert = `${watched.monitor.url}/alerts/${alerts.find((one) => one.evidence)?.id ?? ""}`;
      await tab.page.locator(`#monitors a[href="${alert}"]`).waitFor();
    });
  });

  const settings: readonly Setting[] = [
    { theme: "light", size: "desktop" },
    { theme: "dark", size: "phone" },
  ];
  for (const setting of settings) {
    test(`an alert’s page verifies its evidence, ${setting.theme} on a ${setting.size}`, async () => {
      const work = async (tab: Tab) => {
        const { badge, words } = await verdictOf(tab);
        assert.equal(badge, "misbehaviour", words);
        assert.match(
          words,
          /Your browser verified the evidence.*the very directory.*Checked by: your browser/s,
        );
        await tab.page.locator("#evidence").getByText("What breaks it").waitFor();
        await checkNarrow(tab.page);
        await checkKeyboard(tab.page);
        await tab.settle();
        assert.deepEqual(tab.trouble, []);
        await checkAccessible(tab.page);
        const download = tab.page.waitForEvent("download");
        await tab.page.getByRole("link", { name: "Save the file" }).click();
        assert.equal(await watched.fork.verify(await saved(download)), 3, "kt does not take it for proof");
      };
      await inTab(alert, work, setting);
    });
  }

  for (const at of [0, 0.5, 0.98]) {
    test(`with the byte at ${at} of the evidence flipped, it is not proven`, async () => {
      watched.monitor.mischief = { path: /^\/evidence\//, change: flip(at) };
      try {
        await inTab(alert, async (tab) => {
          const { badge, words } = await verdictOf(tab);
          assert.equal(badge, "unchecked", words);
          assert.match(words, /could not check.*Checked by: nobody/is);
          assert.equal(await tab.page.locator("#evidence").innerText(), "");
          await visit(tab, page("/monitors"));
          const claimed = await verdictOf(tab);
          assert.equal(claimed.badge, "unchecked", "it is only what the monitor says");
          assert.match(claimed.words, /Your browser has not seen the proof/);
        });
      } finally {
        watched.monitor.mischief = undefined;
      }
    });
  }

  test("a monitor that stops answering is told of", async () => {
    await inTab(page("/monitors"), async (tab) => {
      watched.monitor.mischief = { path: /./, drop: true };
      await tab.page.reload();
      await tab.page.locator("html[data-islands]").waitFor({ state: "attached" });
      assert.match((await verdictOf(tab)).words, /No monitor could be asked/);
      await card(tab, "Lamplighters").getByText("That says nothing about the directory.").waitFor();
    });
  });
});
