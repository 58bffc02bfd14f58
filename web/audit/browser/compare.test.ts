import assert from "node:assert/strict";
import { describe, test } from "node:test";
import decodeQR from "qr/decode.js";
import { checkAccessible, checkKeyboard, checkNarrow } from "./checks.js";
import { sizes, visit, type Size, type Tab, type Theme } from "./chromium.js";
import { fileOf, kt, withTab, written } from "./filehelp.js";
import { theWorld } from "./shared.js";

const digest = "012345678911111222223333344444555556666677777888889999900000";

describe("two people compare", { concurrency: 2 }, () => {
  test("heads: as kt exports and prints them, and its QR code's text", async () => {
    await onPage({}, async (tab) => {
      const text = await kt("heads", "export", "--text");
      const forms = {
        "a signed file": (
          await written("h.json", "heads", "export", "--signed", "--output")
        ).buffer.toString(),
        "a file": await kt("heads", "export"),
        "the text": text,
        "the text, in small letters and lines": text.toLowerCase().replace(/(.{40})/g, "$1\n"),
        "what is printed": await kt("heads"),
        "the first line": (await kt("heads")).split("\n")[0] ?? "",
        "one root": /root ([0-9a-f]{64})/.exec(await kt("heads"))?.[1] ?? "",
      };
      for (const [form, content] of Object.entries(forms)) {
        await paste(tab, content);
        assert.match(await said(tab, "heads"), /^verified.*(the same log|both lists are equal)/is, form);
        await clear(tab, "heads");
      }
    });
  });

  test("heads: mistyped, made up, of another directory, and none", async () => {
    await onPage({}, async (tab) => {
      const text = (await kt("heads", "export", "--text")).trim();
      const file = JSON.parse(await kt("heads", "export")) as { heads: { root: string }[] };
      const other = structuredClone(file);
      for (const head of other.heads) head.root = head.root.replace(/^./, (c) => (c === "0" ? "1" : "0"));
      const cases: readonly [string, string, RegExp][] = [
        ["a letter", text.replace(/.$/, (c) => (c === "A" ? "B" : "A")), /^could not check.*mistyped/is],
        ["cut off", text.slice(0, 100), /^could not check.*missing or mistyped/is],
        ["made up", JSON.stringify(other), /^changed.*contradict.*can have been made up/is],
        [
          "another directory",
          JSON.stringify({ ...file, configuration_sha256: "00".repeat(32) }),
          /^could not check.*another directory/is,
        ],
        ["words", "hello", /^could not check.*neither a list/is],
        ["another root", "ab".repeat(32), /^could not check.*none of your heads/is],
        ["nothing", "", /^could not check.*nothing in the box/is],
      ];
      for (const [what, content, words] of cases) {
        await paste(tab, content);
        assert.match(await said(tab, "heads"), words, what);
        await clear(tab, "heads");
      }
    });
  });

  test("heads: kt reads what this page saves, and the QR code is what kt shows", async () => {
    await onPage({}, async (tab) => {
      for (const name of ["Save the list", "Save with the directory’s signature"]) {
        const [saved] = await Promise.all([
          tab.page.waitForEvent("download"),
          tab.page.getByRole("button", { name }).click(),
        ]);
        assert.match(await kt("heads", "compare", await saved.path()), /^consistent/, name);
      }
      const shown = await scan(tab, "#heads .qr");
      assert.equal(shown, (await kt("heads", "export", "--text")).trim());
    });
  });

  test("keys: fingerprints as kt prints them, digits, and what is another key", async () => {
    await onPage({}, async (tab) => {
      const lookup = await kt("lookup", "bob@example.org");
      const fingerprint = /[0-9a-f]{64}/.exec(lookup)?.[0] ?? "";
      const other = fingerprint.replace(/^.{4}/, "0000");
      await keys(tab, "x");
      assert.match(await said(tab, "keys"), /look the label up first/i);
      await tab.page.getByLabel("Label", { exact: true }).fill("bob@example.org");
      await tab.page.keyboard.press("Enter");
      await tab.page.locator("#keys .digit-groups").waitFor();
      const digits = (await tab.page.locator(".own-keys .digit-groups li").allInnerTexts()).join("");
      assert.match(digits, /^\d{60}$/);
      assert.equal(await scan(tab, "#keys .qr"), `GHOSTLIGHT-ROSTER:1:${digits}`);
      const cases: readonly [string, RegExp][] = [
        [lookup.split("\n")[1] ?? "", /^verified.*keys are the same/is],
        [fingerprint.toUpperCase().replace(/(..)/g, "$1:"), /^verified.*keys are the same/is],
        [digits.replace(/(.{7})/g, "$1 - "), /^verified.*keys are the same/is],
        [digits.slice(0, 30), /^could not check.*not all digits/is],
        [other, /^changed.*not shown.*differs in group 1 from/is],
        ["hello", /^could not check.*nothing in the box is/is],
      ];
      for (const [typed, words] of cases) {
        await keys(tab, typed);
        assert.match(await said(tab, "keys"), words, typed);
      }
    });
  });

  test("digits of a roster, with the keyboard only, and with mistakes", async () => {
    await onPage({ fragment: `#digits=${digest}` }, async (tab) => {
      const cases: readonly [string, RegExp][] = [
        [digest.replace(/(.{5})/g, "$1 "), /^verified.*digits are the same/is],
        [digest.replace("33333", "33383"), /^changed.*The 5th group differs/is],
        [digest.replace("01234", "01324"), /^could not check.*1st group, two neighbours/is],
        [digest.slice(0, 55), /^could not check.*5 digits to go, from the 12th group/is],
        [digest.replace("0", "O"), /^could not check.*“O” is no digit/is],
        [`GHOSTLIGHT-ROSTER:1:${digest}`, /^verified/i],
      ];
      for (const [typed, words] of cases) {
        await tab.page.locator("#their-digits").focus();
        await tab.page.keyboard.press("Control+A");
        await tab.page.keyboard.insertText(typed);
        await tab.page.keyboard.press("Tab");
        await tab.page.keyboard.press("Enter");
        await tab.page.waitForFunction(() => document.activeElement?.className === "told");
        assert.match(await said(tab, "digits"), words, typed);
      }
    });
  });

  test("10 MB and a label that is none do not stop the page", async () => {
    await onPage({}, async (tab) => {
      await tab.page
        .locator("#their-heads-file")
        .setInputFiles(fileOf("large", Buffer.alloc(10_000_000, "x")));
      assert.match(await said(tab, "heads"), /^could not check.*10\.0 MB/is);
      await tab.page.getByLabel("Label", { exact: true }).fill("");
      await tab.page.keyboard.press("Enter");
      assert.match(await said(tab, "keys"), /^could not check.*cannot be a label/is);
    });
  });

  for (const size of Object.keys(sizes) as Size[]) {
    for (const theme of ["light", "dark"] as Theme[]) {
      test(`accessible with results: ${size}, ${theme}`, async () => {
        await onPage({ size, theme, fragment: `#digits=${digest}` }, async (tab) => {
          await paste(tab, await kt("heads"));
          await said(tab, "heads");
          await tab.page.locator("#their-digits").fill(digest.replace("3", "4"));
          await tab.page.getByRole("button", { name: "Compare digits" }).click();
          await said(tab, "digits");
          await tab.page.getByLabel("Label", { exact: true }).fill("bob@example.org");
          await tab.page.keyboard.press("Enter");
          await tab.page.locator("#keys .digit-groups").waitFor();
          await checkNarrow(tab.page);
          if (theme === "light") await checkKeyboard(tab.page);
          await checkAccessible(tab.page);
        });
      });
    }
  }
});

type Settings = { readonly size?: Size; readonly theme?: Theme; readonly fragment?: string };

async function onPage(
  { fragment = "", ...setting }: Settings,
  work: (tab: Tab) => Promise<void>,
): Promise<void> {
  await withTab(setting, async (tab) => {
    await visit(tab, `${theWorld().directory}/audit/compare${fragment}`);
    assert.equal(await tab.page.locator("#verdict").getAttribute("data-verdict"), "verified");
    await work(tab);
    assert.deepEqual(tab.trouble, []);
  });
}

/** What the part with an id says, once it says something. */
async function said(tab: Tab, part: string): Promise<string> {
  const told = tab.page.locator(`#${part} .told`);
  await told.locator(".verdict").waitFor();
  return told.innerText();
}

async function clear(tab: Tab, part: string): Promise<void> {
  await tab.page.locator(`#${part} .told`).evaluate((told) => told.replaceChildren());
}

async function paste(tab: Tab, text: string): Promise<void> {
  await tab.page.locator("#their-heads-text").fill(text);
  await tab.page.getByRole("button", { name: "Compare", exact: true }).click();
}

async function keys(tab: Tab, text: string): Promise<void> {
  await tab.page.locator("#their-keys").fill(text);
  await tab.page.getByRole("button", { name: "Compare keys" }).click();
}

/** Reads a QR code as a camera would: from what the browser paints. */
async function scan(tab: Tab, selector: string): Promise<string> {
  const png = await tab.page.locator(selector).screenshot();
  const pixels = await tab.page.evaluate(
    async (bytes) => {
      const image = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/png" }));
      const canvas = new OffscreenCanvas(image.width, image.height);
      const context = canvas.getContext("2d");
      context?.drawImage(image, 0, 0);
      const data = context?.getImageData(0, 0, image.width, image.height).data ?? [];
      return { width: image.width, height: image.height, data: [...data] };
    },
    [...png],
  );
  return decodeQR({ ...pixels, data: Uint8Array.from(pixels.data) });
}
