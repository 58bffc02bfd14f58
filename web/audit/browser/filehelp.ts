/** What the tests of pages that take files have in common. */
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { openTab, type Setting, type Tab } from "./chromium.js";
import { execute } from "./programs.js";
import { theBrowser, theWorld } from "./shared.js";

/** A tab for a piece of work. */
export async function withTab(setting: Setting, work: (tab: Tab) => Promise<void>): Promise<void> {
  const tab = await openTab(theBrowser(), setting);
  try {
    await work(tab);
  } finally {
    await tab.close();
  }
}

/** Runs kt on the state that published the world's labels. */
export function kt(...args: string[]): Promise<string> {
  const { folder, directory } = theWorld();
  const common = ["--state", join(folder, "state"), "--directory", directory];
  return execute(join(folder, "bin"), "kt", ...args, ...common);
}

/** A file that is dropped on a page. */
export interface Dropped {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

export function fileOf(name: string, content: string | Uint8Array): Dropped {
  return { name, mimeType: "application/octet-stream", buffer: Buffer.from(content) };
}

/** What kt writes into a new file. The arguments are followed by its name. */
export async function written(name: string, ...args: string[]): Promise<Dropped> {
  const folder = join(theWorld().folder, "files");
  await mkdir(folder, { recursive: true });
  const path = join(await mkdtemp(join(folder, "f-")), name);
  await kt(...args, path);
  return fileOf(name, await readFile(path));
}

/** A file with one byte of its content flipped, at a part of its length. */
export function flipped(file: Dropped, at: number): Dropped {
  const buffer = Buffer.from(file.buffer);
  const index = Math.floor(buffer.length * at);
  buffer[index] = (buffer[index] ?? 0) ^ 1;
  return { ...file, name: `flipped-${file.name}`, buffer };
}

/** Writes a file of the world, to be read by programs. */
export async function saved(file: Dropped): Promise<string> {
  const folder = join(theWorld().folder, "files");
  await mkdir(folder, { recursive: true });
  const path = join(await mkdtemp(join(folder, "s-")), file.name);
  await writeFile(path, file.buffer);
  return path;
}

/** Gives files to the part of a page that verifies them, and waits for the result of the first. */
export async function give(page: Page, files: readonly Dropped[]): Promise<void> {
  await page.locator("#verify-file").setInputFiles([...files]);
  for (const file of files) await page.getByRole("heading", { name: file.name, exact: true }).waitFor();
}

/** The verdict on a file, and all that is said of it. */
export async function resultOf(page: Page, name: string): Promise<{ verdict: string | null; words: string }> {
  const result = page.locator(".result", { has: page.getByRole("heading", { name, exact: true }) });
  return {
    verdict: await result.locator(".verdict").getAttribute("data-verdict"),
    words: await result.innerText(),
  };
}
