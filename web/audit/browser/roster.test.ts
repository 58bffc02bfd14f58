import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answered, checkRoster, inTab, ownTrouble, verdictOf } from "./asking.js";
import { checkAccessible, checkNarrow } from "./checks.js";
import type { Tab } from "./chromium.js";
import { forkedLabel, saved, startFork } from "./fork.js";
import { flip, startProxy } from "./proxy.js";
import { theWorld } from "./shared.js";
import { hostileLabel } from "./world.js";

const rosterPage = () => `${theWorld().directory}/audit/roster`;

/** A roster with the labels that are given, none of which has a device in the session. */
function rosterOf(...labels: string[]): string {
  const members = labels.map((label) => ({ label, first_seen: new Date().toISOString(), devices: [] }));
  return JSON.stringify({
    schema: "ghostlight/roster/v1",
    conversation: "<b>us</b>",
    me: "bob@example.org",
    members,
  });
}

async function check(tab: Tab, text: string): Promise<void> {
  await tab.page.locator("#roster-text").fill(text);
  await checkRoster(tab.page);
}

describe("roster", { concurrency: 2 }, () => {
  test("the sample has ghosts, and the report has them, too", async () => {
    await inTab(rosterPage(), async (tab) => {
      await tab.page.getByRole("button", { name: "Fill in a sample" }).click();
      await checkRoster(tab.page);
      const { badge, words } = await verdictOf(tab);
      assert.equal(badge, "changed");
      assert.match(words, /3 errors.*Checked by: your browser/s);
      const codes = await tab.page
        .locator(".findings > li")
        .evaluateAll((list) => list.map((item) => (item as HTMLElement).dataset["code"]));
      assert.deepEqual(codes.slice(0, 3), ["ghost-device", "ghost-device", "ghost-user"]);
      assert.match(await tab.page.locator(".findings").first().innerText(), /What to do: Remove the device/);
      const download = tab.page.waitForEvent("download");
      await tab.page.getByRole("button", { name: "Save the report" }).click();
      const report = JSON.parse(await saved(download)) as { schema: string; findings: { code: string }[] };
      assert.equal(report.schema, "ghostlight/roster-report/v1");
      assert.deepEqual(
        report.findings.map((f) => f.code),
        codes,
      );
      assert.deepEqual(tab.trouble, []);
    });
  });

  test("a conversation without ghosts, with digits to compare", async () => {
    await inTab(rosterPage(), async (tab) => {
      await check(tab, rosterOf("bob@example.org", "carol@example.org"));
      const { badge } = await verdictOf(tab);
      assert.match(badge ?? "", /^(verified|monitored)$/);
      assert.match((await tab.page.locator(".digits").innerText()).replace(/\s/g, ""), /^\d{60}$/);
      await tab.page.getByText(/GHOSTLIGHT-ROSTER:1:\d{60}/).waitFor();
      assert.equal(await tab.page.locator(".subject").innerText(), "<b>us</b>");
      assert.deepEqual(tab.trouble, []);
    });
  });

  test("somebody whom the directory does not know is no good news", async () => {
    await inTab(rosterPage(), async (tab) => {
      await check(tab, rosterOf("nobody@example.org"));
      const { badge, words } = await verdictOf(tab);
      assert.equal(badge, "changed");
      assert.match(words, /somebody in this conversation whom the directory does not know/);
    });
  });

  test("a file is dropped, on a phone, with a strange label in it", async () => {
    const work = async (tab: Tab) => {
      const text = rosterOf(hostileLabel);
      const data = await tab.page.evaluateHandle((content) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([content], "roster.json", { type: "application/json" }));
        return transfer;
      }, text);
      await tab.page.locator(".drop-zone").dispatchEvent("drop", { dataTransfer: data });
      await answered(tab.page);
      assert.match((await verdictOf(tab)).badge ?? "", /^(verified|monitored)$/);
      assert.equal(await tab.page.locator("#main img").count(), 0);
      assert.ok((await tab.page.locator("tbody bdi").allTextContents()).includes(hostileLabel));
      await checkNarrow(tab.page);
      assert.deepEqual(tab.trouble, []);
    };
    await inTab(rosterPage(), work, { size: "phone" });
  });

  const bad: readonly [string, string, RegExp][] = [
    ["nothing", " ", /Paste a roster/],
    ["no JSON", "{", /Malformed roster/],
    ["another schema", '{"schema":"x","conversation":"","me":"a","members":[]}', /"x" is not known here/],
    [
      "a private key",
      rosterOf("bob@example.org").replace(
        '"devices":[]',
        `"devices":[{"format":"age","key":"${Buffer.from("AGE-SECRET-KEY-1").toString("base64")}"}]`,
      ),
      /PRIVATE key/,
    ],
    ["10 MB", "x".repeat(10 << 20), /10\.0 MB, and this page takes 2/],
  ];
  for (const [name, text, expected] of bad) {
    test(`refused in words: ${name}`, async () => {
      await inTab(rosterPage(), async (tab) => {
        await tab.page
          .locator("#roster-text")
          .evaluate((box: HTMLTextAreaElement, content) => (box.value = content), text);
        await checkRoster(tab.page);
        const { badge, words } = await verdictOf(tab);
        assert.equal(badge, "unchecked");
        assert.match(words, expected);
        assert.deepEqual(tab.trouble, []);
      });
    });
  }

  test("10 MB that are pasted do not get into the box", async () => {
    await inTab(rosterPage(), async (tab) => {
      await tab.page.locator("#roster-text").evaluate((box) => {
        const transfer = new DataTransfer();
        transfer.setData("text/plain", "x".repeat(10 << 20));
        const paste = new ClipboardEvent("paste", {
          clipboardData: transfer,
          bubbles: true,
          cancelable: true,
        });
        if (box.dispatchEvent(paste)) throw new Error("the paste was let through");
      });
      await answered(tab.page);
      assert.match((await verdictOf(tab)).words, /10\.0 MB/);
      assert.equal(await tab.page.locator("#roster-text").inputValue(), "");
    });
  });

  test("a byte of each answer is another one", async () => {
    const proxy = await startProxy(theWorld().directory);
    try {
      await inTab(`${proxy.url}/audit/roster`, async (tab) => {
        proxy.mischief = { path: /^\/v1\/(batch|search|distinguished|absence|owner)/, change: flip(0.5) };
        await check(tab, rosterOf("bob@example.org", "carol@example.org"));
        assert.ok(proxy.done > 0, "nothing was changed");
        assert.equal((await verdictOf(tab)).badge, "unchecked");
        assert.equal(await tab.page.locator(".digits").count(), 0);
        assert.deepEqual(ownTrouble(tab), []);
      });
    } finally {
      await proxy.stop();
    }
  });

  test("offline it says so", async () => {
    await inTab(rosterPage(), async (tab) => {
      await check(tab, rosterOf("bob@example.org"));
      await tab.page.context().setOffline(true);
      await check(tab, rosterOf("bob@example.org"));
      assert.equal((await verdictOf(tab)).badge, "unchecked");
    });
  });
});

test("a directory that shows two logs is convicted by a roster", async () => {
  const fork = await startFork(theWorld());
  try {
    await inTab(`${fork.proxy.url}/audit/roster`, async (tab) => {
      await fork.publish(0, forkedLabel, "for some eyes");
      await check(tab, rosterOf(forkedLabel));
      assert.notEqual((await verdictOf(tab)).badge, "misbehaviour");
      await fork.publish(1, forkedLabel, "for others");
      await fork.publish(1, "erik@example.org", "something");
      fork.show(1);
      await check(tab, rosterOf(forkedLabel));
      const { badge, words } = await verdictOf(tab);
      assert.equal(badge, "misbehaviour", words);
      await checkAccessible(tab.page);
      const download = tab.page.waitForEvent("download");
      await tab.page.locator("#verdict").getByRole("button", { name: "Save the evidence" }).first().click();
      assert.equal(await fork.verify(await saved(download)), 3, "kt does not take the evidence for proof");
    });
  } finally {
    await fork.stop();
  }
});
