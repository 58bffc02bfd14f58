import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inTab, verdictOf } from "./asking.js";
import { visit } from "./chromium.js";
import { theWorld } from "./shared.js";

describe("whose witness policy a verdict rests on", { concurrency: 2 }, () => {
  for (const page of ["/", "/checkpoint"]) {
    test(`the operator’s, pinned at the first visit: ${page}`, async () => {
      const url = `${theWorld().directory}/audit${page}`;
      await inTab(url, async (tab) => {
        const { badge, words } = await verdictOf(tab);
        assert.equal(badge, "verified");
        assert.match(words, /quorum is that of the operator’s witness policy, .*from this first visit on/);
        assert.match(words, /Who runs the directory also chose the witnesses/);
        await visit(tab, url);
        assert.match((await verdictOf(tab)).words, /the operator’s witness policy, .*since your first visit/);
        assert.deepEqual(tab.trouble, []);
      });
    });

    test(`the monitor’s, in its view: ${page}`, async () => {
      await inTab(`${theWorld().monitor}/view/example${page}`, async (tab) => {
        const { words } = await verdictOf(tab);
        assert.match(words, /quorum is that of this monitor’s witness policy/);
        assert.match(words, /The monitor chose the witnesses, not the directory/);
        assert.doesNotMatch(await tab.page.locator("#main").innerText(), /operator’s (witness )?policy/);
        assert.deepEqual(tab.trouble, []);
      });
    });
  }
});
