import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Page } from "playwright-core";
import { inTab } from "./asking.js";
import { fileOf, resultOf, written, type Dropped } from "./filehelp.js";
import { theWorld } from "./shared.js";

describe("files that are dropped", { concurrency: 2 }, () => {
  const page = (name: string) => `${theWorld().directory}/audit/${name}`;

  test("on the form of the page verify: a proof, and what is none", async () => {
    await inTab(page("verify"), async (tab) => {
      const proof = await written("alice.proof", "proof", "alice@example.org", "--out");
      const form = "form.drop";
      await drag(tab.page, form, "dragenter", []);
      assert.equal(await tab.page.locator(`${form}.over`).count(), 1, "it does not show where to drop");
      assert.equal(await drag(tab.page, form, "drop", [proof, fileOf("noise", "noise")]), true);
      assert.equal(await tab.page.locator(`${form}.over`).count(), 0);
      await tab.page.getByRole("heading", { name: "noise", exact: true }).waitFor();
      assert.equal((await resultOf(tab.page, proof.name)).verdict, "verified");
      assert.equal((await resultOf(tab.page, "noise")).verdict, "unchecked");
      assert.deepEqual(tab.trouble, []);
    });
  });

  test("beside the form: the browser does not open the file, and nothing is taken", async () => {
    await inTab(page("verify"), async (tab) => {
      assert.equal(await drag(tab.page, "h1", "dragover", []), true);
      assert.equal(await drag(tab.page, "h1", "drop", [fileOf("noise", "noise")]), true);
      await tab.settle();
      assert.equal(await tab.page.locator(".result").count(), 0);
    });
  });
});

/** Drags files on an element. Returns whether the page kept the browser from opening them. */
function drag(page: Page, selector: string, type: string, files: readonly Dropped[]): Promise<boolean> {
  const given = files.map(({ name, buffer }) => ({ name, text: buffer.toString() }));
  return page
    .locator(selector)
    .first()
    .evaluate(
      (element, { type, given }) => {
        const data = new DataTransfer();
        for (const { name, text } of given) data.items.add(new File([text], name));
        const event = new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true });
        return !element.dispatchEvent(event);
      },
      { type, given },
    );
}
