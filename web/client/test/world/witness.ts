import { type ChildProcess } from "node:child_process";
import { createServer } from "node:net";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { mustRun } from "./commands.js";
import { launch, stop, temporary } from "./directory.js";

/** A port of loopback that nobody used a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/** A witness: the real ktmon. */
export class Witness {
  readonly dir: string;
  readonly name: string;
  /** Its verifier key, and where logs ask it. */
  readonly key: string;
  readonly url: string;
  readonly #port: number;
  #child: ChildProcess | undefined;

  private constructor(name: string, dir: string, key: string, port: number) {
    this.name = name;
    this.dir = dir;
    this.key = key;
    this.#port = port;
    this.url = `http://127.0.0.1:${port}/witness`;
  }

  static async make(name: string): Promise<Witness> {
    const dir = join(temporary(), "witness");
    mkdirSync(dir, { mode: 0o700 });
    const key = mustRun("ktmon", "keygen", "--witness", `${name}.example/witness`, join(dir, "key")).trim();
    return new Witness(name, dir, key, await freePort());
  }

  /** The lines of a policy that has this witness as its quorum. */
  get policy(): string {
    return `witness ${this.name} ${this.key} ${this.url}\nquorum ${this.name}\n`;
  }

  /** Starts to witness a log, by its verifier key. */
  async watch(logKey: string): Promise<void> {
    writeFileSync(join(this.dir, "log"), `log ${logKey}\nquorum none\n`);
    const config = `data: data\ninterval: 1s\nlisten: 127.0.0.1:${this.#port}\nwitness: {key: key, logs: [log]}\nalerts: {stdout: true}\n`;
    const file = join(this.dir, "ktmon.yaml");
    writeFileSync(file, config);
    [this.#child] = await launch("ktmon", ["run", file], /(.)/);
  }

  async stop(): Promise<void> {
    if (this.#child) await stop(this.#child);
  }
}
