/**
 * Writes docs/screens: each page in both themes, as it looks in a demo world. Run it with
 * 'npm run screens -w @ghostlight/audit'; no test does.
 */
import { execFile } from "node:child_process";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { launch, openTab, visit, type Theme } from "./chromium.js";
import { address, pages } from "./pages.js";
import { repository } from "./programs.js";
import { startWorld, type World } from "./world.js";

const folder = join(repository, "docs", "screens");

/** The size of the largest picture, in bytes, and the height of the tallest one, in pixels. */
const limit = 150_000;
const tallest = 1600;

/** The pictures that were taken. */
const taken: string[] = [];

const browser = await launch();
const world = await startWorld();
try {
  await mkdir(folder, { recursive: true });
  for (const old of await readdir(folder)) if (old.endsWith(".png")) await rm(join(folder, old));
  for (const theme of ["light", "dark"] as const) await takeAll(world, theme);
  await shrinkAll();
  await writeFile(join(folder, "README.md"), index());
} finally {
  await browser.close();
  await world.stop();
}

async function takeAll(world: World, theme: Theme): Promise<void> {
  const tab = await openTab(browser, { theme });
  for (const page of pages) {
    await visit(tab, address(world, page));
    await page.act?.(tab.page, world);
    const path = join(folder, `${page.name}-${theme}.png`);
    await tab.page.evaluate(() => scrollTo(0, 0));
    const content = await tab.page.evaluate(() => document.documentElement.scrollHeight);
    const clip = { x: 0, y: 0, width: 1280, height: Math.min(content, tallest) };
    await tab.page.screenshot({ path, fullPage: true, clip });
    taken.push(path);
  }
  await tab.close();
}

async function shrinkAll(): Promise<void> {
  const args = ["run", "./web/audit/internal/palette", ...taken];
  await promisify(execFile)("go", args, { cwd: repository });
  for (const path of taken) {
    const { size } = await stat(path);
    console.log(`${String(size).padStart(7)} ${path}`);
    if (size > limit) throw new Error(`${path} has more than ${limit} bytes`);
  }
}

/** A page of Markdown with all pictures. */
function index(): string {
  const rows = pages.map(
    ({ name }) => `| ${name} | ![${name}, light](${name}-light.png) | ![${name}, dark](${name}-dark.png) |`,
  );
  return `# What the audit view looks like

Made by \`npm run screens -w @ghostlight/audit\` in \`web\`, of a directory that was started for it.

| page | light | dark |
|---|---|---|
${rows.join("\n")}
`;
}
