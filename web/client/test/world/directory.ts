import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

import { encodeUpdateRequest, encodeUtf8 } from "../../src/index.js";
import { commands, mustRun, run } from "./commands.js";

/** How a directory is to be. */
export interface DirectoryOptions {
  readonly suite?: "ed25519" | "p256";
  /** Default: 1s. */
  readonly window?: string;
  /** Whether versions that a label's account key did not sign are refused. Default: off. */
  readonly accountKeys?: "enforce" | "off";
  readonly heartbeat?: string;
  /** The lines of DIR/policy. */
  readonly policy?: string;
}

/** A folder that is gone after the tests of the file. */
export function temporary(): string {
  const dir = mkdtempSync(join(tmpdir(), "ghostlight-client-"));
  after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }));
  return dir;
}

/** A process that is stopped after the tests of the file. Its first line on stderr that matches is waited for. */
export async function launch(
  command: "ktd" | "ktmon",
  args: string[],
  until: RegExp,
): Promise<[ChildProcess, string]> {
  const child = spawn(join(commands, command), args, { stdio: ["ignore", "ignore", "pipe"] });
  after(() => stop(child));
  let said = "";
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code}: ${said}`)));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const found = until.exec(said);
      if (found) resolve([child, found[1] ?? ""]);
    });
  });
}

/** Stops a process and waits until it has ended. */
export function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}

/** A running directory: the real ktd on loopback. */
export class Directory {
  readonly dir: string;
  /** The verifier key of its public log. */
  readonly logKey: string;
  #child: ChildProcess | undefined;
  #url = "";
  #kt: Publisher | undefined;

  private constructor(dir: string, logKey: string) {
    this.dir = dir;
    this.logKey = logKey;
  }

  /** Makes a directory and starts it. */
  static async start(options: DirectoryOptions = {}): Promise<Directory> {
    const d = Directory.make(options);
    await d.serve();
    return d;
  }

  /** Makes a directory. */
  static make(options: DirectoryOptions = {}): Directory {
    const dir = join(temporary(), "directory");
    const flags = [
      "--reasonable-monitoring-window",
      options.window ?? "1s",
      "--suite",
      options.suite ?? "ed25519",
    ];
    flags.push("--account-keys", options.accountKeys ?? "off");
    const made = JSON.parse(mustRun("ktd", "init", dir, "--json", ...flags)) as { verifier_key: string };
    const file = join(dir, "config.json");
    const config = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    writeFileSync(
      file,
      JSON.stringify({ ...config, ...(options.heartbeat && { heartbeat: options.heartbeat }) }),
    );
    if (options.policy) writeFileSync(join(dir, "policy"), options.policy);
    return new Directory(dir, made.verifier_key);
  }

  /** A copy of a directory that does not run, with the same keys: from now on, two histories. */
  copy(): Directory {
    const dir = join(temporary(), "directory");
    cpSync(this.dir, dir, { recursive: true, filter: (path) => !path.endsWith(".sock") });
    return new Directory(dir, this.logKey);
  }

  get url(): string {
    return this.#url;
  }

  async serve(): Promise<void> {
    const args = ["serve", this.dir, "--listen", "127.0.0.1:0"];
    [this.#child, this.#url] = await launch("ktd", args, /serving on (\S+)/);
    this.#kt = undefined;
  }

  async stop(): Promise<void> {
    if (this.#child) await stop(this.#child);
  }

  /** Publishes a version of a label, with the state of one owner. */
  publish(label: string, value: string | Uint8Array, ...flags: string[]): void {
    this.#kt ??= this.publisher();
    this.#kt.publish(label, value, ...flags);
  }

  /** Publishes a version as somebody who does not ask what the label's owner would say. */
  async impose(label: string, value: string, greatestVersion: number): Promise<void> {
    const token = readFileSync(join(this.dir, "registration-token"), "utf8").trim();
    const request = { label: encodeUtf8(label), greatestVersion, values: [encodeUtf8(value)] };
    const response = await fetch(`${this.url}/v1/update`, {
      method: "POST",
      body: encodeUpdateRequest(request) as BodyInit,
      headers: { "Content-Type": "application/octet-stream", Authorization: `Bearer ${token}` },
    });
    if (!response.ok) throw new Error(await response.text());
  }

  /** Somebody who publishes: a state of kt of its own. */
  publisher(): Publisher {
    return new Publisher(this.url, join(this.dir, "registration-token"));
  }

  async configuration(): Promise<Uint8Array> {
    const response = await fetch(`${this.url}/v1/configuration`);
    return new Uint8Array(await response.arrayBuffer());
  }
}

/** One user of kt who may publish. */
export class Publisher {
  readonly state = join(temporary(), "kt");
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#token = token;
    this.kt("trust", url);
  }

  kt(...args: string[]): string {
    return mustRun("kt", "--state", this.state, ...args);
  }

  /** As kt, with the token that updates take. That kt tells of versions by others is fine (6). */
  write(...args: string[]): void {
    const r = run("kt", "--state", this.state, ...args, "--token-file", this.#token);
    if (r.code !== 0 && r.code !== 6)
      throw new Error(`kt ${args.join(" ")}: exit code ${r.code}: ${r.stderr}`);
  }

  publish(label: string, value: string | Uint8Array, ...flags: string[]): void {
    const file = join(temporary(), "value");
    writeFileSync(file, value);
    const raw = flags.length === 0 ? ["--raw"] : flags;
    this.write("publish", label, file, ...raw);
  }
}
