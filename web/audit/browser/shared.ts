/** The world and the browser that all tests of a run share. */
import { after, before } from "node:test";
import type { Browser } from "playwright-core";
import { launch } from "./chromium.js";
import { startWorld, type World } from "./world.js";

let world: World | undefined;
let browser: Browser | undefined;

/** Starts both before the tests of this process, and stops them after. */
export function shareWorld(): void {
  before(async () => {
    browser = await launch();
    world = await startWorld();
  });
  after(async () => {
    await browser?.close();
    await world?.stop();
  });
}

/** The world of this run. */
export function theWorld(): World {
  if (!world) throw new Error("the world is not there yet");
  return world;
}

/** The browser of this run. */
export function theBrowser(): Browser {
  if (!browser) throw new Error("the browser is not there yet");
  return browser;
}
