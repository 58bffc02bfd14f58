import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { checkAccessible, checkKeyboard, checkNarrow } from "./checks.js";
import { openTab, sizes, visit, type Size, type Tab, type Theme } from "./chromium.js";
import { address, pages, type PageCase } from "./pages.js";
import { theBrowser, theWorld } from "./shared.js";

const themes: readonly Theme[] = ["light", "dark"];

describe("each page", { concurrency: 2 }, () => {
  for (const size of Object.keys(sizes) as Size[]) {
    for (const theme of themes) checkAll(size, theme);
  }
});

function checkAll(size: Size, theme: Theme): void {
  describe(`${size}, ${theme}`, { concurrency: 1 }, () => {
    let tab: Tab;
    before(async () => {
      tab = await openTab(theBrowser(), { size, theme });
    });
    after(() => tab.close());
    for (const page of pages) {
      test(page.name, () => checkPage(tab, page, theme === "light"));
    }
  });
}

async function checkPage(tab: Tab, page: PageCase, keyboard: boolean): Promise<void> {
  const world = theWorld();
  tab.forget();
  await visit(tab, address(world, page));
  await page.act?.(tab.page, world);
  assert.equal(await verdictOf(tab), page.verdict, "the verdict");
  await tab.settle();
  assert.deepEqual(tab.trouble, [], "errors in the console and violations of the policy");
  await checkNarrow(tab.page);
  if (keyboard) await checkKeyboard(tab.page);
  await tab.settle();
  assert.deepEqual(tab.trouble, [], "the same, after using the keyboard");
  await checkAccessible(tab.page);
}

/** The verdict of a page, undefined if it shows none. */
async function verdictOf(tab: Tab): Promise<string | undefined> {
  const verdicts = await tab.page.locator("#verdict").all();
  return (await verdicts[0]?.getAttribute("data-verdict")) ?? undefined;
}
