import assert from "node:assert/strict";
import { createServer, type Server, type ServerResponse } from "node:http";
import { after, before, describe, test } from "node:test";
import { checkAccessible, checkKeyboard, checkNarrow } from "./checks.js";
import { openTab, type Tab } from "./chromium.js";
import { theBrowser } from "./shared.js";

const good = `<a href="#main">Skip</a><main id="main" tabindex="-1"><h1>Title</h1><p>Text, and <a href="/x">a
  link</a>. <label>Name <input></label> <button>Go</button></p></main>`;

/** Pages that are wrong, and what must be found. */
const wrong: readonly {
  readonly name: string;
  readonly body: string;
  readonly check: (tab: Tab) => Promise<void>;
  readonly found: RegExp;
}[] = [
  {
    name: "an image without a text",
    body: good + '<img src="data:,">',
    check: (tab) => checkAccessible(tab.page),
    found: /image-alt/,
  },
  {
    name: "grey on grey",
    body: good + '<p class="faint">Read this.</p>',
    check: (tab) => checkAccessible(tab.page),
    found: /color-contrast/,
  },
  {
    name: "something wider than the screen",
    body: good + '<div class="wide">x</div>',
    check: (tab) => checkNarrow(tab.page),
    found: /wider than the screen/,
  },
  {
    name: "no link that skips to the content",
    body: '<a href="/x">Elsewhere</a>' + good,
    check: (tab) => checkKeyboard(tab.page),
    found: /skips to the content/,
  },
  {
    name: "a focus that does not show",
    body: good + '<button class="secret">Go</button>',
    check: (tab) => checkKeyboard(tab.page),
    found: /focus does not show on <button class="secret"/,
  },
  {
    name: "a trap for the Tab key",
    body: good.replace("<input>", '<input id="trap">') + "<button>Never</button>",
    check: (tab) => checkKeyboard(tab.page),
    found: /not reached/,
  },
  {
    name: "a style that the policy forbids",
    body: good + '<p style="color: red">Red</p>',
    check: noTrouble,
    found: /policy: style-src-attr/,
  },
  {
    name: "an image of elsewhere",
    body: good + '<img alt="" src="http://elsewhere.invalid/">',
    check: noTrouble,
    found: /policy: img-src forbids http:\/\/elsewhere\.invalid/,
  },
  {
    name: "an error in the console",
    body: good + '<p id="error"></p>',
    check: noTrouble,
    found: /console: wrong/,
  },
];

const style = `:focus-visible { outline: 2px solid black } .secret:focus-visible { outline: none }
.wide { width: 3000px } .faint { color: #999; background: #888 }`;
const script = `document.getElementById("trap")?.addEventListener("keydown", (e) => e.preventDefault());
if (document.getElementById("error")) console.error("wrong");`;

describe("the checks find what is wrong", () => {
  let server: Server;
  let url: string;
  let tab: Tab;
  before(async () => {
    server = createServer((req, res) => serve(decodeURIComponent(req.url ?? ""), res));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
    tab = await openTab(theBrowser());
  });
  after(async () => {
    await tab.close();
    server.close();
  });

  for (const { name, body, check, found } of wrong) {
    test(name, async () => {
      tab.forget();
      await tab.page.goto(`${url}/page/${encodeURIComponent(body)}`);
      await assert.rejects(check(tab), (err) =>
        found.test(err instanceof Error ? err.message + noted(tab) : ""),
      );
    });
  }

  test("and nothing where nothing is", async () => {
    tab.forget();
    await tab.page.goto(`${url}/page/${encodeURIComponent(good)}`);
    await checkNarrow(tab.page);
    await checkKeyboard(tab.page);
    await noTrouble(tab);
    await checkAccessible(tab.page);
  });
});

function serve(path: string, res: ServerResponse): void {
  res.setHeader("content-security-policy", "default-src 'self'; require-trusted-types-for 'script'");
  const kinds: Record<string, [string, string]> = {
    "/style.css": ["text/css", style],
    "/script.js": ["text/javascript", script],
    "/favicon.ico": ["image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg"/>'],
  };
  const [type, content] = kinds[path] ?? ["text/html; charset=utf-8", html(path.replace("/page/", ""))];
  res.setHeader("content-type", type);
  res.end(content);
}

function html(body: string): string {
  return `<!doctype html><html lang="en"><title>Title</title><link rel="stylesheet" href="/style.css">
<body>${body}<script src="/script.js"></script>`;
}

async function noTrouble(tab: Tab): Promise<void> {
  await tab.settle();
  assert.deepEqual(tab.trouble, []);
}

function noted(tab: Tab): string {
  return tab.trouble.join("\n");
}
