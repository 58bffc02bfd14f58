/** The programs that the tests run: ktd, kt and ktmon, built from this repository. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { createServer } from "node:net";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The root of the repository; this file runs as web/audit/build/browser/programs.js. */
export const repository = fileURLToPath(new URL("../../../../", import.meta.url));

/** Builds the programs into a folder. What Go has compiled before, it does not compile again. */
export async function buildPrograms(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await run("go", ["build", "-o", folder + "/", "./cmd/ktd", "./cmd/kt", "./cmd/ktmon"], { cwd: repository });
}

/** Runs a program to its end and returns what it wrote to standard output. */
export async function execute(folder: string, name: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, KT_DIRECTORY: "" };
  const { stdout } = await run(join(folder, name), args, { env, maxBuffer: 1 << 26 });
  return stdout;
}

/** A program that goes on until it is stopped. */
export interface Running {
  /** What it has written to standard error. */
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

/** Starts a program that goes on. */
export function start(folder: string, name: string, ...args: string[]): Running {
  const child = spawn(join(folder, name), args, { stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => (text += part));
  child.on("error", (err) => (text += String(err)));
  return { log: () => text, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
  await ended;
  clearTimeout(timer);
}

/** Calls look until it returns something, and throws with what explain says if it does not in time. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  explain: () => string = () => "",
): Promise<T> {
  for (const deadline = Date.now() + 60_000; ;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within a minute\n${explain()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Whether a URL answers with 200. */
export async function answers(url: string): Promise<true | undefined> {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.ok ? true : undefined;
  } catch {
    return undefined;
  }
}

/** An address that nothing listens at. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Whether a program is installed at a path. */
export async function installed(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
