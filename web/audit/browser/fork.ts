/** A directory that shows two logs: two servers with one key, and a proxy before them. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execute, start, until, type Running } from "./programs.js";
import { startProxy, type Proxy } from "./proxy.js";
import type { World } from "./world.js";

/** The label that both logs have. */
export const forkedLabel = "dora@example.org";

/** One that has an owner. */
export const ownedLabel = "frieda@example.org";

/** What can be done with such a directory. */
export interface Fork {
  /** What the browser talks to. */
  readonly proxy: Proxy;
  /** The server of the first log, whatever is shown. */
  readonly first: string;
  /** The verifier key of both logs. */
  readonly logKey: string;
  /** Shows the first log, or the other one, from now on. */
  readonly show: (log: 0 | 1) => void;
  /** Publishes a text as the next version of a label in one of the logs. */
  readonly publish: (log: 0 | 1, label: string, text: string) => Promise<void>;
  /** Runs "kt evidence verify" on a file's content, against the Configuration and the log's key. Returns its exit code. */
  readonly verify: (evidence: string) => Promise<number>;
  readonly stop: () => Promise<void>;
}

/** A monitor that a directory names. */
export interface NamedMonitor {
  readonly name: string;
  readonly url: string;
}

/**
 * Starts it with the programs of a world. Up to now, the two logs are the same. Its pages
 * link to the monitors.
 */
export async function startFork(world: World, monitors: readonly NamedMonitor[] = []): Promise<Fork> {
  const bin = join(world.folder, "bin");
  const folder = await mkdtemp(join(tmpdir(), "ghostlight-fork-"));
  const dirs = [join(folder, "one"), join(folder, "other")] as const;
  const made = JSON.parse(await execute(bin, "ktd", "init", dirs[0], "--json")) as Record<string, string>;
  const token = made["registration_token_file"] ?? "";
  await configure(dirs[0], { view: { monitors } });
  const running: Running[] = [];
  const serve = async (dir: string) => {
    const server = start(bin, "ktd", "serve", dir, "--listen", "127.0.0.1:0");
    running.push(server);
    const url = await until("ktd serve", () => /http:\/\/[0-9.:]+/.exec(server.log())?.[0], server.log);
    return { server, url };
  };
  const publish = async (url: string, label: string, text: string) => {
    const file = join(folder, "value");
    await writeFile(file, text);
    const state = join(folder, `state-${new URL(url).port}`);
    const common = ["--state", state, "--directory", url];
    await execute(bin, "kt", "trust", url, ...common).catch(() => undefined); // it may be known already
    await execute(bin, "kt", "publish", label, file, "--raw", "--token-file", token, ...common);
  };

  const first = await serve(dirs[0]);
  for (const label of [forkedLabel, ownedLabel]) await publish(first.url, label, "the first value");
  await first.server.stop();
  await cp(dirs[0], dirs[1], { recursive: true, filter: (path) => !path.endsWith(".sock") });
  const servers = [await serve(dirs[0]), await serve(dirs[1])] as const;
  let shown: 0 | 1 = 0;
  const proxy = await startProxy(() => servers[shown].url);
  return {
    proxy,
    first: servers[0].url,
    logKey: made["verifier_key"] ?? "",
    show: (log) => (shown = log),
    publish: (log, label, text) => publish(servers[log].url, label, text),
    verify: async (evidence) => {
      const [file, configuration] = [join(folder, "evidence"), join(folder, "configuration")];
      await writeFile(file, evidence);
      const response = await fetch(`${servers[0].url}/v1/configuration`);
      await writeFile(configuration, Buffer.from(await response.arrayBuffer()));
      const policy = join(folder, "policy");
      await writeFile(policy, `log ${made["verifier_key"] ?? ""}\nquorum none\n`);
      const against = ["--configuration", configuration, "--policy", policy];
      return exitCode(join(bin, "kt"), "evidence", "verify", file, ...against);
    },
    stop: async () => {
      await proxy.stop();
      await Promise.all(running.map((program) => program.stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Changes settings in the config.json of a directory that does not run. */
export async function configure(dir: string, settings: Record<string, unknown>): Promise<void> {
  const file = join(dir, "config.json");
  const config = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  await writeFile(file, JSON.stringify({ ...config, ...settings }));
}

function exitCode(program: string, ...args: string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = execFile(program, args, () => resolve(child.exitCode ?? -1));
  });
}

/** The content of the file that a page lets its visitor save. */
export async function saved(download: Promise<{ path(): Promise<string> }>): Promise<string> {
  return readFile(await (await download).path(), "utf8");
}
