/** What visitors of the pages lookup, history and roster do. */
import type { Page } from "playwright-core";
import { openTab, visit, type Setting, type Tab } from "./chromium.js";
import type { World } from "./world.js";
import { theBrowser } from "./shared.js";

/** Types a label and sends it with the keyboard. Waits for the verdict. */
export async function ask(page: Page, label: string, version = ""): Promise<void> {
  await page.locator("#label").fill(label);
  if (version !== "") await page.locator("#version").fill(version);
  await page.locator("#label").press("Enter");
  await answered(page);
}

/** Waits until the page has a verdict, and nothing is being done any more. */
export async function answered(page: Page): Promise<void> {
  await page.locator("#verdict:focus").waitFor();
  await page.locator("form[aria-busy=true]").waitFor({ state: "detached" });
  await page.locator(".busy").waitFor({ state: "detached" });
}

/** Checks the roster that is in the box. */
export async function checkRoster(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Check it" }).click();
  await answered(page);
}

/** For lists of pages: asks for a label and begins at the top of the page again. */
export function asking(label: (world: World) => string) {
  return async (page: Page, world: World): Promise<void> => {
    await ask(page, label(world));
    await toTop(page);
  };
}

/** For lists of pages: checks the sample. */
export async function checkingSample(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Fill in a sample" }).click();
  await checkRoster(page);
  await toTop(page);
}

/** Takes the focus to where it is when a page was loaded. */
async function toTop(page: Page): Promise<void> {
  await page.evaluate(() => {
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.blur();
    document.body.removeAttribute("tabindex");
    scrollTo(0, 0);
  });
}

/** Does something in a tab of its own that is at a page. */
export async function inTab(
  url: string,
  work: (tab: Tab) => Promise<void>,
  setting: Setting = {},
): Promise<void> {
  const tab = await openTab(theBrowser(), setting);
  try {
    await visit(tab, url);
    await work(tab);
  } finally {
    await tab.close();
  }
}

/** The verdict that a page shows, and its words. */
export async function verdictOf(tab: Tab): Promise<{ badge: string | null; words: string }> {
  const element = tab.page.locator("#verdict");
  return { badge: await element.getAttribute("data-verdict"), words: await element.innerText() };
}

/** What is wrong with a tab that no dishonest server explains. */
export function ownTrouble(tab: Tab): string[] {
  return tab.trouble.filter((text) => /^(policy|exception|dialog)/.test(text));
}
