/** The pages that the tests and the screenshots go through. */
import type { Page } from "playwright-core";
import { asking, checkingSample } from "./asking.js";
import { until } from "./programs.js";
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
  /** The page is one that a monitor serves: of its view, or its own. */
  readonly monitor?: "view" | "own";
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
  { name: "lookup-absent", path: "/lookup", verdict: "verified", act: asking(() => "nobody@example.org") },
  { name: "history", path: "/history", verdict: "monitored", act: asking((world) => world.label) },
  { name: "compare", path: "/compare", verdict: "verified" },
  { name: "roster-form", path: "/roster", verdict: "unchecked" },
  { name: "roster", path: "/roster", verdict: "changed", act: checkingSample },
  { name: "monitors", path: "/monitors", verdict: "unchecked" },
  { name: "verify", path: "/verify", verdict: "unchecked" },
  { name: "api", path: "/api" },
  { name: "limits", path: "/limits" },
  { name: "about", path: "/about" },
  { name: "monitor-status", path: "/", verdict: "verified", monitor: "own", act: wellMonitored },
  { name: "monitor-overview", path: "/", verdict: "verified", monitor: "view" },
  { name: "monitor-entry", path: "/log/3", verdict: "verified", monitor: "view" },
  { name: "monitor-monitors", path: "/monitors", verdict: "verified", monitor: "view", act: monitorAsked },
];

/** Where a page is. */
export function address(world: World, page: PageCase): string {
  if (page.monitor === "own") return `${world.monitor}${page.path}`;
  return page.monitor ? `${world.monitor}/view/example${page.path}` : `${world.directory}/audit${page.path}`;
}

/** Zooms into the first chart. */
async function zoom(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Zoom" }).first().click();
  await page.locator(".uplot canvas").waitFor();
  await page.getByRole("button", { name: "Zoom in" }).click();
  await page.getByRole("button", { name: "Later" }).click();
}

/** Waits until the monitor has come round to everything. */
async function wellMonitored(page: Page): Promise<void> {
  const status = new URL("/status.json", page.url()).href;
  await until("a verified round of each role", async () => {
    const { verdict } = (await (await fetch(status)).json()) as { verdict: string };
    return verdict === "verified" || undefined;
  });
  await page.reload();
  await page.locator("html[data-islands]").waitFor({ state: "attached" });
}

/** Waits until the page tells that the monitor verified everything, as it follows what that tells. */
async function monitorAsked(page: Page): Promise<void> {
  await page.locator("#verdict[data-verdict=verified]").waitFor();
}
