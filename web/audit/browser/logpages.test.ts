import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { inTab, verdictOf } from "./asking.js";
import { checkAccessible, checkKeyboard, checkNarrow } from "./checks.js";
import { type Tab } from "./chromium.js";
import { configure } from "./fork.js";
import { execute, start, until, type Running } from "./programs.js";
import { theWorld } from "./shared.js";

/** How many entries the log has at least. */
const enough = 110;

describe("a log of several pages", { concurrency: 2 }, () => {
  let folder: string;
  let server: Running;
  let url: string;
  let size: number;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ghostlight-log-"));
    const bin = join(theWorld().folder, "bin");
    const dir = join(folder, "directory");
    await execute(bin, "ktd", "init", dir);
    const serve = async (heartbeat: string) => {
      await configure(dir, { heartbeat });
      server = start(bin, "ktd", "serve", dir, "--listen", "127.0.0.1:0");
      url = await until("ktd serve", () => /http:\/\/[0-9.:]+/.exec(server.log())?.[0], server.log);
    };
    await serve("5ms");
    await until("many entries", async () => (await sizeOf(url)) >= enough || undefined, server.log);
    await server.stop();
    await serve("30m");
    const page = await (await fetch(`${url}/audit/log`)).text(); // the newest checkpoint may be of less
    size = Number(/Entries \d+ to \d+ of (\d+),/.exec(page)?.[1]);
    assert.ok(size >= enough, page);
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const log = (query = "") => `${url}/audit/log${query}`;
  const turn = (tab: Tab, name: string) =>
    tab.page.getByRole("navigation", { name: "Pages of the log" }).first().getByRole("link", { name });

  test("its pages follow one another from the newest to the oldest, with no entry twice or left out", async () => {
    await inTab(log(), async (tab) => {
      assert.equal((await verdictOf(tab)).badge, "verified");
      assert.equal(await turn(tab, "Newer").count(), 0);
      const seen = await positions(tab);
      while ((await turn(tab, "Older").count()) > 0) {
        await follow(tab, turn(tab, "Older"));
        seen.push(...(await positions(tab)).filter((position) => !seen.includes(position)));
        assert.equal((await verdictOf(tab)).badge, "verified");
      }
      assert.deepEqual(
        seen,
        Array.from({ length: size }, (_, i) => size - 1 - i),
      );
      await follow(tab, turn(tab, "Newer"));
      assert.equal((await positions(tab)).at(-1), 50);
      await follow(tab, turn(tab, "Newest"));
      assert.equal((await positions(tab))[0], size - 1);
      await follow(tab, turn(tab, "Oldest"));
      assert.equal((await positions(tab)).at(-1), 0);
      await tab.settle();
      assert.deepEqual(tab.trouble, []);
    });
  });

  test("with the keyboard: to a position, to a page beside it, and to the entry", async () => {
    await inTab(log(), async (tab) => {
      await tab.page.locator("#position").focus();
      await tab.page.keyboard.type("70");
      await loaded(tab, () => tab.page.keyboard.press("Enter"));
      await marked(tab, 70);
      await checkKeyboard(tab.page);
      await turn(tab, "Older").focus();
      await loaded(tab, () => tab.page.keyboard.press("Enter"));
      assert.ok(!(await positions(tab)).includes(70));
      await tab.page.goBack();
      await tab.page.locator("tr.marked a").focus();
      await loaded(tab, () => tab.page.keyboard.press("Enter"));
      assert.match(tab.page.url(), /\/audit\/log\/70$/);
      assert.equal((await verdictOf(tab)).badge, "verified");
    });
  });

  test("to the first entry that is not older than a time, on a phone", async () => {
    const work = async (tab: Tab) => {
      const [at = ""] = await tab.page.locator("tr#e90 time").evaluateAll(datesOf);
      const second = Math.floor(Date.parse(at) / 1000);
      const go = async (typed: string) => {
        await tab.page.locator("#date").fill(typed);
        await loaded(tab, () => tab.page.getByRole("button", { name: "Go there" }).click());
      };
      await go(new Date(second * 1000).toISOString().slice(0, 19).replace("T", " "));
      const times = await tab.page.locator("#entries tbody time").evaluateAll(datesOf);
      const first = times.filter((time) => Date.parse(time) >= second * 1000).length - 1;
      const mark = tab.page.locator("tr.marked");
      assert.equal(await mark.count(), 1);
      assert.equal((await mark.locator("time").evaluateAll(datesOf))[0], times[first]);
      await checkNarrow(tab.page);
      await checkAccessible(tab.page);
      await go("1999-12-31");
      await marked(tab, 0);
      await go("2999-12-31 23:59");
      await marked(tab, size - 1);
      assert.deepEqual(tab.trouble, []);
    };
    await inTab(log("?position=90"), work, { size: "phone" });
  });

  test("what is no position, beyond the log, or no date is refused in words", async () => {
    await inTab(log(), async (tab) => {
      const go = async (field: string, typed: string, words: RegExp) => {
        await tab.page.goto(log());
        await tab.page.locator(field).fill(typed);
        await loaded(tab, () => tab.page.keyboard.press("Enter"));
        await tab.page.locator("#main").getByText(words).waitFor();
      };
      await go("#position", "-1", /position of a log entry is a whole number/);
      await go("#position", "99999", /It has \d+ entries, from 0 to \d+\./);
      await go("#date", "yesterday", /A date is written as/);
      await tab.page.goto(log("?position=3&date=2026-11-26"));
      await tab.page.getByText("Type a position or a date, not both.").waitFor();
      await checkAccessible(tab.page);
    });
  });
});

/** The size of the log of the newest checkpoint; 0 while there is none. */
async function sizeOf(url: string): Promise<number> {
  const response = await fetch(`${url}/log/checkpoint`);
  return response.ok ? Number((await response.text()).split("\n")[1]) : 0;
}

/** The positions that a page shows, in its order. */
function positions(tab: Tab): Promise<number[]> {
  return tab.page
    .locator("#entries tbody tr")
    .evaluateAll((rows) => rows.map((row) => Number(row.id.slice(1))));
}

async function marked(tab: Tab, position: number): Promise<void> {
  const rows = await tab.page
    .locator("#entries [aria-current=true]")
    .evaluateAll((all) => all.map((row) => row.id));
  assert.deepEqual(rows, [`e${position}`]);
}

/** In the page: the times of elements, as machines read them. */
function datesOf(times: Element[]): string[] {
  return times.map((time) => time.getAttribute("datetime") ?? "");
}

/** Does what leads to another page, and waits until its islands are done. */
async function loaded(tab: Tab, act: () => Promise<unknown>): Promise<void> {
  await Promise.all([tab.page.waitForEvent("load"), act()]);
  await tab.page.locator("html[data-islands]").waitFor({ state: "attached" });
}

function follow(tab: Tab, link: ReturnType<Tab["page"]["locator"]>): Promise<void> {
  return loaded(tab, () => link.click());
}
