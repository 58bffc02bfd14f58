/** A server between the browser and the directory, which can be made dishonest, slow or dead. */
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";

/** What a proxy does to the answers of paths that match. */
export interface Mischief {
  readonly path: RegExp;
  /** Changes the body. */
  readonly change?: (body: Buffer) => Buffer;
  /** Answers this many milliseconds later. */
  readonly delay?: number;
  /** Drops the connection instead of answering. */
  readonly drop?: true;
  /** Answers this itself. */
  readonly answer?: {
    readonly status: number;
    readonly headers: Record<string, string>;
    readonly body: string;
  };
}

/** A proxy for one server. */
export interface Proxy {
  readonly url: string;
  /** What is done from now on; nothing if undefined. */
  mischief: Mischief | undefined;
  /** How many answers were changed, delayed or dropped. */
  done: number;
  readonly stop: () => Promise<void>;
}

/** Starts an honest proxy for the server at a base URL, which is asked for at each request. */
export async function startProxy(target: string | (() => string)): Promise<Proxy> {
  const server = createServer((req, res) => {
    forward(proxy, typeof target === "string" ? target : target(), req, res).catch(() => res.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const proxy: Proxy = {
    url: `http://127.0.0.1:${port}`,
    mischief: undefined,
    done: 0,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

async function forward(
  proxy: Proxy,
  target: string,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const path = req.url ?? "/";
  const mischief = proxy.mischief?.path.test(path) ? proxy.mischief : undefined;
  if (mischief) proxy.done++;
  if (mischief?.drop) {
    res.destroy();
    return;
  }
  if (mischief?.answer) {
    const { status, headers, body } = mischief.answer;
    res.writeHead(status, headers).end(body);
    return;
  }
  const { host: _host, "accept-encoding": _encoding, ...headers } = req.headers;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const out = request(target + path, { method: req.method, headers }, resolve);
    out.on("error", reject);
    req.pipe(out);
  });
  if (mischief?.delay) await new Promise((resolve) => setTimeout(resolve, mischief.delay));
  const { "content-length": _length, etag: _etag, ...kept } = answer.headers;
  res.writeHead(answer.statusCode ?? 502, kept);
  if (!mischief?.change) {
    answer.pipe(res); // also streams of events
    return;
  }
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part as Buffer);
  res.end(mischief.change(Buffer.concat(parts)));
}

/** Flips a bit of the byte at a place: 0 is the first one, 1 the last one. */
export function flip(at: number): (body: Buffer) => Buffer {
  return (body) => {
    const changed = Buffer.from(body);
    const i = Math.min(changed.length - 1, Math.floor(at * changed.length));
    changed[i] = (changed[i] ?? 0) ^ 1;
    return changed;
  };
}
