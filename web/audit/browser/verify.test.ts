import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { checkAccessible, checkKeyboard, checkNarrow } from "./checks.js";
import { sizes, visit, type Size, type Tab, type Theme } from "./chromium.js";
import { evidenceCases } from "./evidencecases.js";
import { fileOf, flipped, give, resultOf, withTab, written, type Dropped } from "./filehelp.js";
import { repository } from "./programs.js";
import { theWorld } from "./shared.js";

const standalone = pathToFileURL(`${repository}web/audit/dist/verify.html`).href;

const credential = () =>
  written("alice.cred", "credential", "create", "alice@example.org", "--provisional", "--output");
const proof = () => written("alice.proof", "proof", "alice@example.org", "--out");
const heads = (...flags: string[]) => written("alice.heads", "heads", "export", ...flags, "--output");
const configuration = async () =>
  fileOf("configuration", await readFile(join(theWorld().folder, "ktmon.configuration")));

const policy = () => readFile(join(theWorld().folder, "policy"), "utf8");

/** The first file of the vectors with an outcome. */
async function evidence(outcome: string, name = `${outcome}.json`): Promise<Dropped> {
  const found = (await evidenceCases()).find((c) => !c.known && c.expect.outcome === outcome);
  return fileOf(name, found?.content ?? "");
}

describe("files on the page of a directory", { concurrency: 2 }, () => {
  test("what kt makes verifies, and with one byte flipped it does not", async () => {
    await onPage(async (tab) => {
      const [c, p, h] = await Promise.all([credential(), proof(), heads("--signed")]);
      await give(tab.page, [c, p, h]);
      const result = async (file: Dropped) => (await resultOf(tab.page, file.name)).verdict;
      assert.equal(await result(c), "monitored");
      assert.equal(await result(p), "verified");
      assert.equal(await result(h), "verified");
      assert.match(
        (await resultOf(tab.page, p.name)).words,
        /A quorum of witnesses \(either\).*witness lamp/s,
      );
      const bad = [c, p, h].flatMap((file) =>
        [0.6, 0.75, 0.9].map((at) => flipped({ ...file, name: `${at}-${file.name}` }, at)),
      );
      await give(tab.page, bad);
      for (const file of bad) assert.equal(await result(file), "unchecked", file.name);
    });
  });

  test("evidence against another directory is not held against this one", async () => {
    await onPage(async (tab) => {
      const file = await evidence("proven");
      await give(tab.page, [file]);
      const { verdict, words } = await resultOf(tab.page, file.name);
      assert.equal(verdict, "unchecked");
      assert.match(words, /another directory than the directory of this page/);
    });
  });

  test("evidence against a directory that the visitor names", async () => {
    await onPage(async (tab) => {
      const cases = await evidenceCases();
      const found = cases.find(
        (c) => c.expect.outcome === "proven" && c.expect.configuration_sha256 && !c.expect.log,
      );
      const file = fileOf("named.json", found?.content ?? "");
      await tab.page.getByText("Another directory, or another policy").click();
      const sum = tab.page.getByLabel("SHA-256 of the directory’s configuration");
      await sum.fill(`  ${found?.expect.configuration_sha256?.toUpperCase() ?? ""} `);
      await give(tab.page, [file]);
      const { verdict, words } = await resultOf(tab.page, file.name);
      assert.equal(verdict, "misbehaviour");
      assert.match(words, /misbehaviour of the directory that you named/);
      assert.doesNotMatch(words, /Anybody can make a directory/);
      await sum.fill("00".repeat(32));
      await sum.blur();
      await tab.page.locator('.result .verdict[data-verdict="unchecked"]').waitFor();
    });
  });

  test("a proof under a policy that the visitor pastes", async () => {
    await onPage(async (tab) => {
      const file = await proof();
      await give(tab.page, [file]);
      await tab.page.getByText("Another directory, or another policy").click();
      const box = tab.page.getByLabel("Witness policy");
      const stricter = (await policy()).replace("group either any", "group either all");
      await box.fill(stricter);
      await box.blur();
      await tab.page.getByText("This proof does not verify under the policy.").waitFor();
      await box.fill("quorum");
      await box.blur();
      await tab.page.getByText(/The policy does not count\. Line 1/).waitFor();
      await box.fill(await policy());
      await box.blur();
      await tab.page.locator('.result .verdict[data-verdict="verified"]').waitFor();
    });
  });

  test("garbage and 10 MB are refused in words, and the page goes on", async () => {
    await onPage(async (tab) => {
      const noise = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919) % 251));
      const files = [
        fileOf("noise.bin", noise),
        fileOf("empty", ""),
        fileOf("deep.json", "[".repeat(100_000)),
        fileOf("large.json", Buffer.alloc(10_000_000, "x")),
        fileOf("text.txt", "x".repeat(7_000_000)),
      ];
      await give(tab.page, files);
      for (const file of files) {
        const { verdict, words } = await resultOf(tab.page, file.name);
        assert.equal(verdict, "unchecked", file.name);
        assert.match(words, /none of the files that can be verified|was not read/, file.name);
      }
      const kinds = /evidence of misbehaviour, a credential.*list of distinguished heads; this file is none/;
      assert.match((await resultOf(tab.page, "noise.bin")).words, kinds);
      assert.match((await resultOf(tab.page, "large.json")).words, /10\.0 MB.*8 MB at most/);
      await paste(tab, "#verify-text", "y".repeat(10_000_000));
      await tab.page.getByRole("heading", { name: "What was pasted" }).waitFor();
      assert.equal(await tab.page.locator("#verify-text").inputValue(), "", "10 MB got into the box");
      assert.equal(await tab.page.evaluate(() => 1 + 1), 2);
    });
  });

  test("the verdict at the top is the worst on the files, until they are removed", async () => {
    await onPage((tab) => followsFiles(tab));
  });

  test("many files at once, and names with markup", async () => {
    await onPage(async (tab) => {
      const name = "<img src=x onerror=alert(1)>\u202egpj.json";
      const files = Array.from({ length: 25 }, (_, i) => fileOf(i === 0 ? name : `f${i}`, "{}"));
      await tab.page.locator("#verify-file").setInputFiles(files);
      await tab.page.getByRole("heading", { name: "f19", exact: true }).waitFor();
      assert.equal(await tab.page.locator(".result").count(), 20);
      assert.equal(await tab.page.locator(".result img").count(), 0);
    });
  });

  test("with the keyboard only: paste a proof whose last newline is gone", async () => {
    await onPage(async (tab) => {
      const text = (await proof()).buffer.toString().trimEnd().replaceAll("\n", "\r\n");
      await tab.page.locator("#verify-text").focus();
      await tab.page.keyboard.insertText(text);
      await tab.page.keyboard.press("Tab");
      await tab.page.keyboard.press("Enter");
      await tab.page.getByRole("heading", { name: "What was pasted" }).waitFor();
      assert.equal((await resultOf(tab.page, "What was pasted")).verdict, "verified");
      const focused = await tab.page.evaluate(() => document.activeElement?.textContent);
      assert.equal(focused, "What was pasted", "the focus is on the result");
    });
  });
});

describe("the page without a server", { concurrency: 2 }, () => {
  test("each file of the vectors: proven, or not", async () => {
    await alone({}, async (tab) => {
      const cases = (await evidenceCases()).filter((c) => !c.known);
      const seen = new Map<string, number>();
      for (let i = 0; i < cases.length; i += 20) {
        const some = cases
          .slice(i, i + 20)
          .map((c, n) => ({ ...c, file: fileOf(`case-${i + n}.json`, c.content) }));
        await give(
          tab.page,
          some.map((c) => c.file),
        );
        const got = await tab.page
          .locator(".result")
          .evaluateAll((all) =>
            all.map((one) => [
              one.querySelector("h3")?.textContent,
              one.querySelector<HTMLElement>(".verdict")?.dataset["verdict"],
            ]),
          );
        const verdicts = new Map(got as [string, string][]);
        for (const { name, file, expect } of some) {
          // What rests on a configuration and a log proves nothing to who knows neither.
          const proven = expect.outcome === "proven" && !(expect.configuration_sha256 && expect.log);
          assert.equal(verdicts.get(file.name), proven ? "misbehaviour" : "unchecked", name);
          seen.set(`${expect.outcome} ${proven}`, (seen.get(`${expect.outcome} ${proven}`) ?? 0) + 1);
        }
      }
      assert.ok((seen.get("proven true") ?? 0) > 20 && (seen.get("proven false") ?? 0) > 0, [...seen].join());
    });
  });

  test("a credential, once its configuration is named and signed heads are there", async () => {
    await alone({}, async (tab) => {
      const [c, h, k] = await Promise.all([credential(), heads("--signed"), configuration()]);
      await give(tab.page, [c]);
      assert.match((await resultOf(tab.page, c.name)).words, /waits for its directory’s configuration/);
      // A configuration among the files does not count: whoever made them must not say whom they are about.
      await give(tab.page, [k, h]);
      assert.match((await resultOf(tab.page, c.name)).words, /waits for its directory’s configuration/);
      await tab.page.locator("#against-configuration").setInputFiles(k);
      await tab.page.locator('.result .verdict[data-verdict="monitored"]').waitFor();
      const { verdict, words } = await resultOf(tab.page, c.name);
      assert.equal(verdict, "monitored");
      assert.match(words, /alice@example\.org/);
      assert.equal((await resultOf(tab.page, h.name)).verdict, "verified");
      const bad = [0.6, 0.75, 0.9].flatMap((at) => [
        flipped({ ...c, name: `${at}-c` }, at),
        flipped({ ...h, name: `${at}-h` }, at),
      ]);
      await give(tab.page, bad);
      for (const file of bad)
        assert.equal((await resultOf(tab.page, file.name)).verdict, "unchecked", file.name);
    });
  });

  test("a proof waits for a policy, and heads without a signature prove nothing", async () => {
    await alone({}, async (tab) => {
      const [p, h] = await Promise.all([proof(), heads()]);
      await give(tab.page, [p, h, fileOf("policy.txt", await policy())]);
      assert.match((await resultOf(tab.page, p.name)).words, /waits for a policy/);
      assert.match((await resultOf(tab.page, h.name)).words, /prove nothing by themselves/);
      assert.match((await resultOf(tab.page, "policy.txt")).words, /A policy proves nothing by itself/);
      await tab.page.locator("#against-policy-file").setInputFiles(fileOf("policy.txt", await policy()));
      await tab.page.locator('.result .verdict[data-verdict="verified"]').waitFor();
      assert.equal((await resultOf(tab.page, p.name)).verdict, "verified");
    });
  });

  test("the verdict at the top follows the files", async () => {
    await alone({}, async (tab) => {
      const top = tab.page.locator("#verdict");
      assert.match(await top.innerText(), /No file was verified yet/);
      await give(tab.page, [await evidence("proven")]);
      assert.equal(await top.getAttribute("data-verdict"), "misbehaviour");
      assert.match(await top.innerText(), /The file shows misbehaviour.*Checked by: your browser/s);
    });
  });

  test("it tells how to check itself, and its version", async () => {
    await alone({}, async (tab) => {
      const words = await tab.page.locator(".self").innerText();
      assert.match(words, /sha256sum verify\.html/);
      assert.match(words, /This is version \d+\.\d+\.\d+\./);
    });
  });

  for (const size of Object.keys(sizes) as Size[]) {
    for (const theme of ["light", "dark"] as Theme[]) {
      test(`accessible with results: ${size}, ${theme}`, async () => {
        await alone({ size, theme }, async (tab) => {
          const files = [await evidence("proven"), await evidence("report"), await proof(), await heads()];
          await give(tab.page, files);
          await checkNarrow(tab.page);
          if (theme === "light") await checkKeyboard(tab.page);
          await checkAccessible(tab.page);
        });
      });
    }
  }
});

async function onPage(work: (tab: Tab) => Promise<void>): Promise<void> {
  await withTab({}, async (tab) => {
    await visit(tab, `${theWorld().directory}/audit/verify`);
    await work(tab);
    assert.deepEqual(tab.trouble, []);
  });
}

async function followsFiles(tab: Tab): Promise<void> {
  const top = tab.page.locator("#verdict");
  assert.equal(await top.getAttribute("role"), "status", "changes are announced");
  assert.match(await top.innerText(), /No file was verified yet/);
  await give(tab.page, [await proof()]);
  assert.equal(await top.getAttribute("data-verdict"), "verified");
  assert.match(await top.innerText(), /The file verifies.*Checked by: your browser, witness lamp/s);
  await give(tab.page, [fileOf("noise.bin", "noise")]);
  assert.equal(await top.getAttribute("data-verdict"), "unchecked");
  assert.match(await top.innerText(), /Not every file was verified.*noise\.bin.*Checked by: nobody/s);
  await tab.page.getByRole("button", { name: "Remove all files" }).click();
  await top.getByText("No file was verified yet.").waitFor();
  assert.equal(await tab.page.locator(".result").count(), 0);
}

/** Opens the page from the disk, offline, and fails if it asks anybody for anything. */
async function alone(
  setting: Parameters<typeof withTab>[0],
  work: (tab: Tab) => Promise<void>,
): Promise<void> {
  await withTab({ ...setting, offline: true }, async (tab) => {
    const asked: string[] = [];
    tab.page.on("request", (request) => asked.push(request.url()));
    await visit(tab, standalone);
    await work(tab);
    assert.deepEqual(asked, [standalone], "requests");
    assert.deepEqual(tab.trouble, []);
  });
}

/** Pastes a text as the clipboard would. */
async function paste(tab: Tab, selector: string, text: string): Promise<void> {
  await tab.page.locator(selector).evaluate((box, pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", pasted);
    box.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}
