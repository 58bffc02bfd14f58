/** A directory that shows two logs, the monitor that it names, and two that are of no use. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forkedLabel, startFork, type Fork } from "./fork.js";
import { freePort, type Running } from "./programs.js";
import { startProxy, type Proxy } from "./proxy.js";
import { startMonitor, type World } from "./world.js";

/** Such a directory. */
export interface Watched {
  readonly fork: Fork;
  /** What a browser asks instead of the monitor. */
  readonly monitor: Proxy;
  /** Has the directory misbehave: from now on, the monitor is shown another log than before. */
  readonly misbehave: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts everything. The directory's pages name Lamplighters, which watches it, Nobody, and Garbage. */
export async function startWatched(world: World): Promise<Watched> {
  const folder = await mkdtemp(join(tmpdir(), "ghostlight-watched-"));
  const port = await freePort();
  const monitor = await startProxy(`http://127.0.0.1:${port}`);
  const garbage = await startGarbage();
  const fork = await startFork(world, [
    { name: "Lamplighters", url: monitor.url },
    { name: "Nobody", url: `http://127.0.0.1:${await freePort()}` },
    { name: "Garbage", url: garbage.url },
  ]);
  await writeFile(join(folder, "policy"), `log ${fork.logKey} ${fork.proxy.url}/log\nquorum none\n`);
  await fork.publish(0, forkedLabel, "for some eyes"); // from here on, the logs differ
  let running: Running | undefined;
  const stop = async () => {
    await Promise.all([monitor.stop(), running?.stop(), stopServer(garbage.server)]);
    await fork.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    running = await startMonitor(join(world.folder, "bin"), folder, fork.proxy.url, port);
  } catch (failure) {
    await stop();
    throw failure;
  }
  return { fork, monitor, misbehave: () => misbehave(fork), stop };
}

async function misbehave(fork: Fork): Promise<void> {
  await fork.publish(1, forkedLabel, "for others");
  await fork.publish(1, "erik@example.org", "something");
  fork.show(1);
}

/** A server that lets every page read what it answers, which is of no use. */
async function startGarbage(): Promise<{ server: Server; url: string }> {
  const server = createServer((_req, res) => {
    res.writeHead(200, { "content-type": "application/json", "access-control-allow-origin": "*" });
    res.end('{"schema_version":1,"at":"<script>alert(1)</script>"}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { server, url: `http://127.0.0.1:${port}` };
}

async function stopServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
