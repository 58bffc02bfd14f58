/** A directory with labels, a monitor and a witness, as processes on loopback. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answers, buildPrograms, execute, freePort, start, until, type Running } from "./programs.js";

/** A label with text from right to left and markup in it. */
export const hostileLabel = "שלום<img/src=x/onerror=alert(1)>@example.org";

/** A world to browse in. */
export interface World {
  /** The base URL of the directory. */
  readonly directory: string;
  /** The base URL of the monitor, which is its witness, too. */
  readonly monitor: string;
  /** The label that has several versions. */
  readonly label: string;
  readonly folder: string;
  readonly stop: () => Promise<void>;
}

/** Builds the programs and starts everything. */
export async function startWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "ghostlight-browser-"));
  const running: Running[] = [];
  const stop = async () => {
    await Promise.all(running.map((program) => program.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return await populate(folder, running, stop);
  } catch (err) {
    await stop();
    throw err;
  }
}

async function populate(folder: string, running: Running[], stop: () => Promise<void>): Promise<World> {
  const bin = join(folder, "bin");
  await buildPrograms(bin);
  const dir = join(folder, "directory");
  const created = await execute(bin, "ktd", "init", dir, "--origin", "keys.example.org/log", "--json");
  const { verifier_key: log, registration_token_file: token } = JSON.parse(created);
  const witnessKey = join(folder, "witness.key");
  const witness = (
    await execute(bin, "ktmon", "keygen", "--witness", "lamp.example/witness", witnessKey)
  ).trim();
  const port = await freePort();
  const monitor = `http://127.0.0.1:${port}`;
  const away = (
    await execute(bin, "ktmon", "keygen", "--witness", "away.example/w", join(folder, "away"))
  ).trim();
  const witnesses =
    `witness lamp ${witness} ${monitor}/witness\n` +
    `witness away ${away} http://127.0.0.1:${await freePort()}\n` +
    "group either any lamp away\nquorum either\n";
  await writeFile(join(dir, "policy"), witnesses);
  await writeFile(join(folder, "many.csv"), await manyKeys(folder));
  await execute(bin, "ktd", "import", dir, join(folder, "many.csv"));

  const server = start(bin, "ktd", "serve", dir, "--listen", "127.0.0.1:0");
  running.push(server);
  const directory = await until("ktd serve", () => /http:\/\/[0-9.:]+/.exec(server.log())?.[0], server.log);
  const policy = join(folder, "policy");
  await writeFile(policy, `log ${log} ${directory}/log\n${witnesses}`);
  running.push(await startMonitor(bin, folder, directory, port, true));
  await publish(bin, folder, directory, policy, token);
  return { directory, monitor, label: "alice@example.org", folder, stop };
}

/** Starts a monitor of a directory in a folder with a file policy. A witness needs a file witness.key, too. */
export async function startMonitor(
  bin: string,
  folder: string,
  directory: string,
  port: number,
  witness = false,
): Promise<Running> {
  const config = join(folder, "ktmon.yaml");
  await execute(bin, "ktmon", "init", config, "--directory", directory);
  await writeFile(
    config,
    `data: ktmon-data
listen: 127.0.0.1:${port}
interval: 1s
directories:
  - name: example
    url: ${directory}
    configuration: ktmon.configuration
    policy: policy
    audit: {mode: mirror}
${witness ? "witness: {key: witness.key, logs: [policy]}" : ""}
alerts: {stdout: true}
`,
  );
  const monitor = start(bin, "ktmon", "run", config);
  await until("ktmon run", () => answers(`http://127.0.0.1:${port}/livez`), monitor.log);
  return monitor;
}

/** A CSV file for ktd import: many labels with a key each. */
async function manyKeys(folder: string): Promise<string> {
  const key = join(folder, "one.pem");
  await writeFile(key, publicKey());
  const lines = Array.from({ length: 40 }, (_, i) => `person${i}@example.net,${key}`);
  return lines.join("\n") + "\n";
}

function publicKey(): string {
  return generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }).toString();
}

/** Publishes labels one after the other, so that each is a log entry. */
async function publish(
  bin: string,
  folder: string,
  directory: string,
  policy: string,
  token: string,
): Promise<void> {
  const common = ["--state", join(folder, "state"), "--directory", directory];
  await execute(bin, "kt", "trust", directory, "--policy", policy, ...common);
  const labels = ["alice@example.org", "bob@example.org", hostileLabel, "carol@example.org"];
  const versions = [...labels, ...Array.from({ length: 4 }, () => "alice@example.org")];
  for (const [i, label] of versions.entries()) {
    const key = join(folder, `key${i}.pem`);
    await writeFile(key, publicKey());
    const last = i === versions.length - 1 ? ["--wait-witnessed=1m"] : [];
    await execute(bin, "kt", "publish", label, key, "--token-file", token, ...common, ...last);
  }
}

/** The encoded Configuration that the world's monitor pinned, in base64. */
export async function pinnedConfiguration(world: World): Promise<string> {
  return (await readFile(join(world.folder, "ktmon.configuration"))).toString("base64");
}
