/** The pages that the tests and the screenshots go through. */
import type { Page } from "playwright-core";
import { asking, checkingSample } from "./asking.js";
import type { World } from "./world.js";

/** One page, or one state of a page. */
export interface PageCase {
  /** A file's name: letters, digits and hyphens. */
  readonly name: string;
  /** The path below the audit view's. */
  readonly path: string;
  /** What the verdict must be; undefined if the page has none. */
  readonly verdict?: Verdict;
  /** What a visitor does there, until it shows what it is for. */
  readonly act?: (page: Page, world: World) => Promise<void>;
  /** The page is the one that a monitor serves. */
  readonly monitor?: true;
}

/** The data-verdict of a verdict element. */
export type Verdict = "verified" | "monitored" | "changed" | "unchecked" | "misbehaviour";

export const pages: readonly PageCase[] = [
  { name: "overview", path: "/", verdict: "verified" },
  { name: "overview-zoom", path: "/", verdict: "verified", act: zoom },
  { name: "log", path: "/log", verdict: "verified" },
  { name: "entry", path: "/log/3", verdict: "verified" },
  { name: "checkpoint", path: "/checkpoint", verdict: "verified" },
  { name: "consistency", path: "/consistency?old=3&new=9", verdict: "verified" },
  { name: "lookup-form", path: "/lookup", verdict: "unchecked" },
  { name: "lookup", path: "/lookup", verdict: "monitored", act: asking((world) => world.label) },
  { name: "history", path: "/history", verdict: "monitored", act: asking((world) => world.label) },
  { name: "compare", path: "/compare", verdict: "verified" },
  { name: "roster-form", path: "/roster", verdict: "unchecked" },
  { name: "roster", path: "/roster", verdict: "changed", act: checkingSample },
  { name: "monitors", path: "/monitors", verdict: "unchecked" },
  { name: "verify", path: "/verify", verdict: "unchecked" },
  { name: "api", path: "/api" },
  { name: "limits", path: "/limits" },
  { name: "about", path: "/about" },
];

/** Where a page is. */
export function address(world: World, page: PageCase): string {
  return page.monitor ? `${world.monitor}/view/example${page.path}` : `${world.directory}/audit${page.path}`;
}

/** Zooms into the first chart. */
async function zoom(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Zoom" }).first().click();
  await page.locator(".uplot canvas").waitFor();
  await page.getByRole("button", { name: "Zoom in" }).click();
  await page.getByRole("button", { name: "Later" }).click();
}
