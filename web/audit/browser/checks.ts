/** What every page must fulfil. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The success criteria of WCAG 2.2 up to level AA, as axe-core names them. */
const criteria = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** Part of what axe-core returns. */
interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
  readonly passes: readonly unknown[];
}

/**
 * Fails unless axe-core finds nothing. Its script gets in through the debugger, which no
 * policy of the page concerns; run it after the page's own violations were looked at.
 */
export async function checkAccessible(page: Page): Promise<void> {
  await page.evaluate(axeSource);
  const results = await page.evaluate(async (values) => {
    const { axe } = window as unknown as { axe: { run(c: unknown, o: unknown): Promise<unknown> } };
    return axe.run(document, { runOnly: { type: "tag", values }, resultTypes: ["violations"] });
  }, criteria);
  const { violations, passes } = results as AxeResults;
  assert.ok(passes.length > 5, "axe-core looked at nothing");
  const found = violations.map((v) => `${v.id}: ${v.help}\n  ${v.nodes.map((n) => n.html).join("\n  ")}`);
  assert.deepEqual(found, [], "accessibility");
}

/** Fails if one has to scroll sideways. What is wide has to scroll by itself. */
export async function checkNarrow(page: Page): Promise<void> {
  const wide = await page.evaluate(() => {
    const room = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= room) return [];
    const elements = [...document.body.querySelectorAll("*")];
    return elements
      .filter((element) => element.getBoundingClientRect().right > room + 1)
      .map((element) => element.outerHTML.slice(0, 120));
  });
  assert.deepEqual(wide.slice(0, 5), [], "wider than the screen");
}

/** What has the focus, as far as the checks need it. */
interface Focused {
  readonly index: number;
  readonly html: string;
  readonly visible: boolean;
}

/**
 * Goes through the page with the Tab key. Fails unless that reaches everything that can
 * be used, beginning with a link that skips to the content, and always shows where it is.
 */
export async function checkKeyboard(page: Page): Promise<void> {
  const wanted = await page.evaluate(markUsable);
  await page.evaluate(goToBeginning);
  const reached = new Set<number>();
  for (let i = 0; i < wanted.length + 10; i++) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(readFocused);
    if (i === 0) assert.match(focused.html, /href="#main"/, "the first stop skips to the content");
    if (focused.index < 0) {
      if (reached.size > 0) break;
      continue;
    }
    assert.ok(focused.visible, `the focus does not show on ${focused.html}`);
    reached.add(focused.index);
  }
  const missed = wanted.filter((_, i) => !reached.has(i));
  assert.deepEqual(missed, [], "not reached with the Tab key");
}

/** In the page: the Tab key begins at the beginning again. */
function goToBeginning(): void {
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
}

/** In the page: numbers what can be used, and returns how each begins. */
function markUsable(): string[] {
  const usable = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  const elements = [...document.querySelectorAll<HTMLElement>(usable)].filter(
    (element) =>
      element.checkVisibility({ visibilityProperty: true }) &&
      !element.matches(":disabled, [type=hidden]") &&
      element.tabIndex >= 0 &&
      (!(element instanceof HTMLInputElement) || element.type !== "radio" || element.checked),
  );
  elements.forEach((element, i) => (element.dataset["tab"] = String(i)));
  return elements.map((element) => element.outerHTML.slice(0, 120));
}

/** In the page: what has the focus, and whether one sees that. */
function readFocused(): Focused {
  const element = document.activeElement;
  if (!(element instanceof HTMLElement)) return { index: -1, html: "", visible: false };
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  const inside = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight;
  return {
    index: Number(element.dataset["tab"] ?? -1),
    html: element.outerHTML.slice(0, 120),
    visible: outlined && inside,
  };
}
