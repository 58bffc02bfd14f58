import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openTab, visit } from "./chromium.js";
import { theBrowser, theWorld } from "./shared.js";

/** What the overview may transfer until it shows its verdict, in bytes. */
const limit = 100_000;

describe("weight", () => {
  test("the overview transfers less than 100 kB until it shows its verdict", async () => {
    const tab = await openTab(theBrowser());
    try {
      const debug = await tab.page.context().newCDPSession(tab.page);
      await debug.send("Network.enable");
      let bytes = 0;
      debug.on("Network.loadingFinished", (event) => (bytes += event.encodedDataLength));
      await visit(tab, `${theWorld().directory}/audit/`);
      await tab.page.locator('#verdict[data-verdict="verified"]').waitFor();
      assert.ok(bytes > 20_000, `only ${bytes} bytes: not everything was counted`);
      assert.ok(bytes < limit, `${bytes} bytes`);
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
