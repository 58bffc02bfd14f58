import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openTab, visit, type Tab } from "./chromium.js";
import { theBrowser, theWorld } from "./shared.js";

/**
 * What the overview may transfer, with headers, in bytes: the document and all that its HTML
 * names, and everything until its verdict is there.
 */
const limits = { painted: 100_000, verified: 130_000 };

describe("weight", () => {
  test("the overview is painted with less than 100 kB", async () => {
    const tab = await openTab(theBrowser());
    try {
      const got = await transferred(tab, `${theWorld().directory}/audit/`);
      const named = await tab.page.evaluate(namedInPage);
      const painted = sum(named.map((url) => got.get(url) ?? NaN));
      const verified = sum([...got.values()]);
      assert.ok(painted > 10_000 && painted < limits.painted, `${painted} bytes until it is painted`);
      assert.ok(verified < limits.verified, `${verified} bytes until the verdict is there`);
    } finally {
      await tab.close();
    }
  });

  test("nothing is asked of anybody else", async () => {
    const tab = await openTab(theBrowser());
    try {
      const origins = new Set<string>();
      tab.page.on("request", (request) => origins.add(new URL(request.url()).origin));
      await visit(tab, `${theWorld().directory}/audit/`);
      await visit(tab, `${theWorld().directory}/audit/lookup`);
      assert.deepEqual([...origins], [theWorld().directory]);
    } finally {
      await tab.close();
    }
  });
});

/** Visits a page with a verdict, and returns how many bytes came of each URL. */
async function transferred(tab: Tab, url: string): Promise<Map<string, number>> {
  const debug = await tab.page.context().newCDPSession(tab.page);
  await debug.send("Network.enable");
  const urls = new Map<string, string>();
  const got = new Map<string, number>();
  debug.on("Network.requestWillBeSent", (event) => urls.set(event.requestId, event.request.url));
  debug.on("Network.loadingFinished", (event) => {
    const url = urls.get(event.requestId) ?? "";
    got.set(url, (got.get(url) ?? 0) + event.encodedDataLength);
  });
  await visit(tab, url);
  await tab.page.locator('#verdict[data-verdict="verified"]').waitFor();
  return got;
}

/** In the page: its own URL, and those of all that its HTML loads. */
function namedInPage(): string[] {
  const links = [...document.querySelectorAll<HTMLLinkElement>("link[href]")].map((link) => link.href);
  const scripts = [...document.querySelectorAll<HTMLScriptElement>("script[src]")].map(
    (script) => script.src,
  );
  return [location.href, ...new Set([...links, ...scripts])];
}

function sum(list: readonly number[]): number {
  return list.reduce((total, n) => total + n, 0);
}
