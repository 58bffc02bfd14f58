/** The overview's islands. */
import type { Page } from "./page.js";

export function run(_page: Page): void {}
