/** Debian's Chromium, and tabs in it that note everything that goes wrong. */
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from "playwright-core";
import { installed } from "./programs.js";

const executablePath = "/usr/bin/chromium";

/** Starts the browser. It asks nobody but the pages' servers. */
export async function launch(): Promise<Browser> {
  if (!(await installed(executablePath))) {
    throw new Error(`${executablePath} is missing: run .ci/test as root, or apt-get install chromium`);
  }
  return chromium.launch({
    executablePath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** The sizes of screens that pages are tried in. */
export const sizes = {
  phone: { width: 320, height: 640 },
  desktop: { width: 1280, height: 800 },
} as const;

export type Size = keyof typeof sizes;
export type Theme = "light" | "dark";

/** What one tab is like. */
export type Setting = { readonly size?: Size; readonly theme?: Theme } & Omit<
  BrowserContextOptions,
  "viewport"
>;

/** A tab, and what went wrong in it. */
export interface Tab {
  readonly page: Page;
  /** Console errors, exceptions, policy violations and failed requests, in words. */
  readonly trouble: readonly string[];
  /** Waits until all that went wrong so far is noted. */
  readonly settle: () => Promise<void>;
  /** Empties what was noted. */
  readonly forget: () => void;
  readonly close: () => Promise<void>;
}

/** Opens a tab with storage of its own. */
export async function openTab(browser: Browser, setting: Setting = {}): Promise<Tab> {
  const { size = "desktop", theme = "light", ...rest } = setting;
  const context = await browser.newContext({
    viewport: sizes[size],
    colorScheme: theme,
    reducedMotion: "reduce",
    ...rest,
  });
  context.setDefaultTimeout(20_000);
  return watched(context, await context.newPage());
}

async function watched(context: BrowserContext, page: Page): Promise<Tab> {
  const trouble: string[] = [];
  const note = (text: string) => void trouble.push(text);
  await context.exposeBinding("noteViolation", (_source, text: string) => note(text));
  await context.addInitScript(() => {
    const { noteViolation } = window as unknown as { noteViolation: (text: string) => void };
    document.addEventListener("securitypolicyviolation", (event) =>
      noteViolation(`policy: ${event.violatedDirective} forbids ${event.blockedURI} (${event.sample})`),
    );
  });
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") note(`console: ${message.text()}`);
  });
  page.on("pageerror", (err) => note(`exception: ${err.message}`));
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText ?? "";
    if (why !== "net::ERR_ABORTED") note(`request: ${request.url()}: ${why}`); // not: the tab went elsewhere
  });
  page.on("response", (response) => {
    if (response.status() >= 400) note(`response: ${response.url()}: ${response.status()}`);
  });
  page.on("dialog", (dialog) => {
    note(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  // What the page tells comes in the order in which it tells it.
  const settle = () => page.evaluate(() => new Promise<void>((done) => setTimeout(done, 30)));
  return { page, trouble, settle, forget: () => void trouble.splice(0), close: () => context.close() };
}

/** Goes to a page and waits until its islands are done. */
export async function visit(tab: Tab, url: string): Promise<void> {
  await tab.page.goto(url);
  await tab.page.locator("html[data-islands]").waitFor({ state: "attached" });
}
