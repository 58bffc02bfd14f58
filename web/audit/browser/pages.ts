/** The pages that the tests and the screenshots go through. */
import type { Page } from "playwright-core";
import type { World } from "./world.js";

/** One page, or one state of a page. */
export interface PageCase {
  /** A file's name: letters, digits and hyphens. */
  readonly name: string;
  /** The path below the audit view's. */
  readonly path: string;
  /** What a visitor does there, until it shows what it is for. */
  readonly act?: (page: Page, world: World) => Promise<void>;
  /** The page that a monitor serves. */
  readonly monitor?: true;
}

export const pages: readonly PageCase[] = [
  { name: "overview", path: "/" },
  { name: "checkpoint", path: "/checkpoint" },
];

/** Where a page is. */
export function address(world: World, page: PageCase): string {
  return page.monitor ? `${world.monitor}/view/example${page.path}` : `${world.directory}/audit${page.path}`;
}
