import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { checkNarrow } from "./checks.js";
import { openTab, visit, type Setting, type Tab } from "./chromium.js";
import { address, pages } from "./pages.js";
import { repository } from "./programs.js";
import { flip, startProxy, type Mischief, type Proxy } from "./proxy.js";
import { theBrowser, theWorld } from "./shared.js";
import { hostileLabel } from "./world.js";

describe("trouble", { concurrency: 2 }, () => {
  test("without JavaScript each page says that nothing was checked", async () => {
    await withTab({ javaScriptEnabled: false }, async (tab) => {
      for (const page of pages.filter((page) => !page.act && page.verdict)) {
        await tab.page.goto(address(theWorld(), page));
        assert.equal(await verdict(tab), "unchecked", page.name);
        assert.match(await words(tab), /nothing on this page was checked.*only/is, page.name);
      }
      assert.deepEqual(withoutScripts(tab.trouble), []);
    });
  });

  test("without JavaScript a label is looked up, and its markup and direction stay text", async () => {
    await withTab({ javaScriptEnabled: false, size: "phone" }, async (tab) => {
      await tab.page.goto(`${theWorld().directory}/audit/lookup`);
      await tab.page.getByLabel(/^Label/).fill(hostileLabel);
      await tab.page.getByRole("button", { name: "Look up" }).click();
      const label = tab.page.locator("#claim-title bdi");
      assert.equal(await label.textContent(), hostileLabel);
      assert.equal(await label.getAttribute("dir"), "auto");
      assert.equal(await tab.page.locator("#main img").count(), 0);
      assert.doesNotMatch(tab.page.url(), /%|onerror/, "a label in the address");
      await checkNarrow(tab.page);
      assert.deepEqual(withoutScripts(tab.trouble), []);
    });
  });

  test("a form takes no 10 MB, and says so", async () => {
    await withTab({ javaScriptEnabled: false }, async (tab) => {
      await tab.page.goto(`${theWorld().directory}/audit/lookup`);
      await tab.page.locator("#label").evaluate((input: HTMLInputElement) => {
        input.maxLength = 20_000_000;
        input.value = "x".repeat(10_000_000);
      });
      await tab.page.getByRole("button", { name: "Look up" }).click();
      await tab.page.getByText("Too much was sent").waitFor();
    });
  });

  test("without storage the page says that it remembers nothing, and verifies all the same", async () => {
    await withTab({}, async (tab) => {
      await tab.page.addInitScript(() => Object.defineProperty(window, "indexedDB", { value: undefined }));
      await visit(tab, `${theWorld().directory}/audit/`);
      assert.equal(await verdict(tab), "verified");
      await tab.page.getByText("This browser lets the page store nothing").waitFor();
      await tab.settle();
      assert.deepEqual(tab.trouble, []);
    });
  });

  test("a second visit is held against the first", async () => {
    await withTab({}, async (tab) => {
      await visit(tab, `${theWorld().directory}/audit/`);
      assert.doesNotMatch(await words(tab), /last visit/);
      await visit(tab, `${theWorld().directory}/audit/`);
      assert.match(await words(tab), /continues the one of your last visit.*consistent with your visit on/is);
    });
  });

  test("the standalone page works from the disk and offline", async () => {
    await withTab({ offline: true }, async (tab) => {
      await tab.page.goto(pathToFileURL(`${repository}web/audit/dist/verify.html`).href);
      await tab.page.getByRole("heading", { name: "Verify files" }).waitFor();
      await tab.settle();
      assert.deepEqual(tab.trouble, []);
    });
  });
});

describe("between the browser and the directory", { concurrency: 2 }, () => {
  const cases: readonly {
    readonly name: string;
    readonly page: string;
    readonly mischief: Mischief;
    readonly verdict: string;
    readonly words: RegExp;
  }[] = [
    {
      name: "a byte of the checkpoint's root",
      page: "/",
      mischief: { path: /^\/log\/checkpoint/, change: flip(0.15) },
      verdict: "unchecked",
      words: /could not check/i,
    },
    {
      name: "a byte of the checkpoint's signature",
      page: "/checkpoint",
      mischief: { path: /^\/log\/checkpoint/, change: flip(0.4) },
      verdict: "unchecked",
      words: /could not check/i,
    },
    {
      name: "a byte of a tile of hashes",
      page: "/consistency?old=3&new=9",
      mischief: { path: /^\/log\/tile\/0\//, change: flip(0.5) },
      verdict: "unchecked",
      words: /could not check/i,
    },
    {
      name: "a byte of a log entry",
      page: "/log/3",
      mischief: { path: /^\/log\/tile\/entries\//, change: flip(0.5) },
      verdict: "unchecked",
      words: /could not check/i,
    },
    {
      name: "no description of the log",
      page: "/",
      mischief: { path: /view\.json/, drop: true },
      verdict: "unchecked",
      words: /could not be reached/,
    },
    {
      name: "a description that is no JSON",
      page: "/",
      mischief: { path: /view\.json/, change: flip(0) },
      verdict: "unchecked",
      words: /no JSON/,
    },
    {
      name: "no module for the page",
      page: "/",
      mischief: { path: /overview-.*\.js/, drop: true },
      verdict: "unchecked",
      words: /could not be reached/,
    },
    {
      name: "no checkpoint",
      page: "/checkpoint",
      mischief: { path: /^\/log\/checkpoint/, drop: true },
      verdict: "unchecked",
      words: /could not check/i,
    },
    {
      name: "a redirect to elsewhere",
      page: "/checkpoint",
      mischief: {
        path: /^\/log\/checkpoint/,
        answer: { status: 302, headers: { location: "/elsewhere" }, body: "" },
      },
      verdict: "unchecked",
      words: /http:\/\/127.*redirect to elsewhere, which is refused.*own address/,
    },
  ];
  for (const c of cases) {
    test(c.name, async () => {
      await withProxy(async (proxy, tab) => {
        proxy.mischief = c.mischief;
        await visit(tab, `${proxy.url}/audit${c.page}`);
        assert.ok(proxy.done > 0, "nothing was changed");
        assert.equal(await verdict(tab), c.verdict);
        assert.match(await words(tab), c.words);
        assert.deepEqual(
          tab.trouble.filter((text) => /^(policy|exception|dialog)/.test(text)),
          [],
        );
      });
    });
  }

  test("a server's own words are cut, and kept from turning the sentence around", async () => {
    await withProxy(async (proxy, tab) => {
      const body = JSON.stringify({ detail: `\u05d0 <b>${"y".repeat(2000)}` });
      const headers = { "content-type": "application/problem+json" };
      proxy.mischief = { path: /^\/log\/checkpoint/, answer: { status: 500, headers, body } };
      await visit(tab, `${proxy.url}/audit/checkpoint`);
      const said = (await tab.page.locator("#verdict .reason bdi").textContent()) ?? "";
      assert.match(said, /^\u05d0 <b>y+…$/);
      assert.equal(said.length, 300);
    });
  });

  for (const at of [0.02, 0.3, 0.6, 0.98]) {
    test(`a byte of the answer to a lookup, at ${at}`, async () => {
      await withProxy(async (proxy, tab) => {
        await visit(tab, `${proxy.url}/audit/lookup`);
        proxy.mischief = { path: /^\/v1\/batch/, change: flip(at) };
        await tab.page.getByLabel(/^Label/).fill(theWorld().label);
        await tab.page.getByRole("button", { name: "Look up" }).click();
        await tab.page.getByText("Your browser could not check this.").waitFor();
        assert.ok(proxy.done > 0, "nothing was changed");
        assert.equal(await verdict(tab), "unchecked");
      });
    });
  }

  // What the server wrote, and what a proxy makes of it.
  const rewritten: readonly { readonly name: string; readonly from: RegExp; readonly to: string }[] = [
    { name: "the time", from: /(<dt>Time<.dt><dd><time[^>]*>)\d{4}/, to: "$11999" },
    {
      name: "the root of the prefix tree",
      from: /(Root of the prefix tree<.dt><dd><code>)\w{8}/,
      to: "$1deadbeef",
    },
    { name: "the 40 bytes", from: /(40 bytes<.dt><dd><code>)\w{8}/, to: "$1deadbeef" },
    { name: "a leaf hash", from: /(Leaf hash, KEYTRANS<.dt><dd><code>)\w{8}/, to: "$1deadbeef" },
    { name: "the drawing", from: /(<text[^>]*>)[0-9a-f]{8}</, to: "$1deadbeef<" },
    { name: "the proof in words", from: /(hashes to <code>)\w{8}/, to: "$1deadbeef" },
    { name: "the title", from: /<h1>Log entry 3/, to: "<h1>Log entry 4" },
  ];
  test("a page of an entry that says something else than the log is not called verified", async () => {
    for (const { name, from, to } of rewritten) {
      await withProxy(async (proxy, tab) => {
        let rewrote = false;
        const change = (body: Buffer) => {
          rewrote = from.test(body.toString());
          return Buffer.from(body.toString().replace(from, to));
        };
        proxy.mischief = { path: /^\/audit\/log\/3$/, change };
        await visit(tab, `${proxy.url}/audit/log/3`);
        assert.ok(rewrote, `${name}: nothing was changed`);
        assert.equal(await verdict(tab), "unchecked", name);
        assert.match(await words(tab), /said something else of entry 3/, name);
        assert.doesNotMatch(await tab.page.locator("#main").innerHTML(), /deadbeef|>1999/, name);
        assert.match(await tab.page.locator("#changes h2").innerText(), /claim: not checked/);
      });
    }
  });

  test("the checkpoint of the overview and the policy are those that the browser verified", async () => {
    await withProxy(async (proxy, tab) => {
      const change = (body: Buffer) =>
        Buffer.from(
          body
            .toString()
            .replace(/<p>Of \d+ entries/, "<p>Of 7777 entries")
            .replace(/(id="policy"[^>]*>)/, "$1log forged+7777+AAAA\n"),
        );
      proxy.mischief = { path: /^\/audit\/(checkpoint)?$/, change };
      for (const path of ["/", "/checkpoint"]) {
        await visit(tab, `${proxy.url}/audit${path}`);
        assert.equal(await verdict(tab), "verified");
        assert.doesNotMatch(await tab.page.locator("#main").innerText(), /7777/, path);
      }
      assert.match(await tab.page.locator("#witnesses h2").innerText(), /claim: not checked/);
    });
  });

  test("another configuration than on the first visit", async () => {
    await withProxy(async (proxy, tab) => {
      await visit(tab, `${proxy.url}/audit/`);
      assert.equal(await verdict(tab), "verified");
      const other = (body: Buffer) =>
        Buffer.from(body.toString().replace(/("configuration":"[^"]{40})./, "$1A"));
      proxy.mischief = { path: /view\.json/, change: other };
      await visit(tab, `${proxy.url}/audit/`);
      assert.equal(await verdict(tab), "changed");
    });
  });

  test("a slow server: the page is there, and the verdict follows", async () => {
    await withProxy(async (proxy, tab) => {
      proxy.mischief = { path: /^\/log\//, delay: 1500 };
      await tab.page.goto(`${proxy.url}/audit/`);
      assert.equal(await verdict(tab), "unchecked");
      await tab.page.locator('#verdict[data-verdict="verified"]').waitFor();
    });
  });
});

/** Scripts are not loaded when they are switched off, which Chromium ascribes to a policy. */
function withoutScripts(trouble: readonly string[]): string[] {
  return trouble.filter((text) => !/^request: .*\.js: csp$/.test(text));
}

async function withTab(setting: Setting, work: (tab: Tab) => Promise<void>): Promise<void> {
  const tab = await openTab(theBrowser(), setting);
  try {
    await work(tab);
  } finally {
    await tab.close();
  }
}

async function withProxy(work: (proxy: Proxy, tab: Tab) => Promise<void>): Promise<void> {
  const proxy = await startProxy(theWorld().directory);
  try {
    await withTab({}, (tab) => work(proxy, tab));
  } finally {
    await proxy.stop();
  }
}

function verdict(tab: Tab): Promise<string | null> {
  return tab.page.locator("#verdict").getAttribute("data-verdict");
}

function words(tab: Tab): Promise<string> {
  return tab.page.locator("#verdict").innerText();
}
