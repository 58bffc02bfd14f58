import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answered, ask, inTab, ownTrouble, verdictOf } from "./asking.js";
import { checkNarrow } from "./checks.js";
import { flip, startProxy, type Mischief } from "./proxy.js";
import { theWorld } from "./shared.js";
import { hostileLabel } from "./world.js";

const history = () => `${theWorld().directory}/audit/history`;

describe("history", { concurrency: 2 }, () => {
  test("the versions, the newest first, with what each changed and when it came", async () => {
    await inTab(history(), async (tab) => {
      await ask(tab.page, theWorld().label);
      const { badge, words } = await verdictOf(tab);
      assert.equal(badge, "monitored");
      assert.match(words, /all versions.*5 versions proven/s);
      const titles = await tab.page.locator(".versions h3").allInnerTexts();
      assert.deepEqual(titles, ["Version 4, the newest", "Version 3", "Version 2", "Version 1", "Version 0"]);
      const versions = await tab.page.locator(".versions > li").allInnerTexts();
      for (const text of versions.slice(0, 4))
        assert.match(text, /In the log since entry \d+ of .*no account key.*replaced.*was .*now /s);
      assert.match(versions[4] ?? "", /no later than entry \d+ of .*added:/s);
      assert.doesNotMatch(tab.page.url(), /alice/, "the label in the address");
      assert.deepEqual(tab.trouble, []);
    });
  });

  test("the times of versions are those of the log's entries", async () => {
    await inTab(history(), async (tab) => {
      await ask(tab.page, theWorld().label);
      const link = tab.page.locator("#v4 a").first();
      const told = await tab.page.locator("#v4 time").first().getAttribute("datetime");
      const response = await fetch(new URL((await link.getAttribute("href")) ?? "", history()));
      assert.ok((await response.text()).includes(told?.slice(0, 19).replace("T", " ") ?? "?"));
    });
  });

  test("a label that does not exist is proven absent, and a strange one stays text", async () => {
    await inTab(
      history(),
      async (tab) => {
        await ask(tab.page, "nobody@example.org");
        assert.match((await verdictOf(tab)).words, /Proven absent/);
        await ask(tab.page, hostileLabel);
        assert.match((await verdictOf(tab)).badge ?? "", /^(verified|monitored)$/);
        assert.equal(await tab.page.locator(".subject bdi").textContent(), hostileLabel);
        assert.equal(await tab.page.locator("#main img").count(), 0);
        await checkNarrow(tab.page);
        assert.deepEqual(tab.trouble, []);
      },
      { size: "phone" },
    );
  });

  test("the lookup page leads to it, with the label in the fragment", async () => {
    await inTab(`${theWorld().directory}/audit/lookup`, async (tab) => {
      await ask(tab.page, theWorld().label);
      await tab.page.getByRole("link", { name: "All versions" }).click();
      await tab.page.locator(".versions").waitFor();
      await answered(tab.page);
      assert.equal((await verdictOf(tab)).badge, "monitored");
      assert.match(tab.page.url(), /\/history#label=/);
    });
  });

  /** Leaves the first answer, which is the newest version's, as it is. */
  const later = (change: (body: Buffer) => Buffer) => {
    let answers = 0;
    return (body: Buffer) => (answers++ === 0 ? body : change(body));
  };
  const mischiefs: readonly [string, Mischief, RegExp][] = [
    ["a byte of the newest version", { path: /^\/v1\/batch/, change: flip(0.5) }, /could not check/i],
    [
      "a byte of the older ones",
      { path: /^\/v1\/(batch|search)/, change: later(flip(0.4)) },
      /could not check/i,
    ],
    ["no answer", { path: /^\/v1\/(batch|search)/, drop: true }, /could not check/i],
  ];
  for (const [name, mischief, expected] of mischiefs) {
    test(`a dishonest server: ${name}`, async () => {
      const proxy = await startProxy(theWorld().directory);
      try {
        await inTab(`${proxy.url}/audit/history`, async (tab) => {
          proxy.mischief = mischief;
          await ask(tab.page, theWorld().label);
          assert.ok(proxy.done > 0, "nothing was changed");
          const { badge, words } = await verdictOf(tab);
          assert.equal(badge, "unchecked");
          assert.match(words, expected);
          assert.equal(await tab.page.locator("#result").innerText(), "");
          assert.deepEqual(ownTrouble(tab), []);
        });
      } finally {
        await proxy.stop();
      }
    });
  }

  test("offline it says so", async () => {
    await inTab(history(), async (tab) => {
      await ask(tab.page, theWorld().label);
      await tab.page.context().setOffline(true);
      await ask(tab.page, "bob@example.org");
      const { badge, words } = await verdictOf(tab);
      assert.equal(badge, "unchecked");
      assert.match(words, /offline/);
    });
  });
});
