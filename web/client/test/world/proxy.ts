import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { after } from "node:test";

/** What a proxy passes on, or makes up. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
}

/** A request that came by. */
export interface Passing {
  readonly method: string;
  readonly path: string;
  readonly body: Uint8Array;
}

/** Stands between a client and a directory, with one URL whatever it leads to. */
export class Proxy {
  /** Where requests go to. */
  target: string;
  /** Where a request goes to, if that depends on its path. */
  route: (path: string) => string = () => this.target;
  /** Changes an answer, or makes one up. "hang" never answers, "drop" closes the connection. */
  tamper: (request: Passing, answer: Answer) => Answer | "hang" | "drop" = (_, answer) => answer;
  readonly requests: Passing[] = [];
  readonly #server: Server;

  private constructor(target: string) {
    this.target = target;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(target: string): Promise<Proxy> {
    const proxy = new Proxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    after(() => proxy.close());
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const passing = {
      method: request.method ?? "GET",
      path: request.url ?? "/",
      body: new Uint8Array(Buffer.concat(chunks)),
    };
    this.requests.push(passing);
    try {
      const answer = this.tamper(passing, await this.#forward(passing));
      if (answer === "hang") return;
      if (answer === "drop") {
        response.destroy();
        return;
      }
      response.writeHead(answer.status, answer.headers).end(answer.body);
    } catch {
      response.destroy();
    }
  }

  async #forward({ method, path, body }: Passing): Promise<Answer> {
    const init = method === "POST" ? { body, headers: { "Content-Type": "application/octet-stream" } } : {};
    const got = await fetch(this.route(path) + path, { method, ...init } as RequestInit);
    const type = got.headers.get("content-type") ?? "application/octet-stream";
    return {
      status: got.status,
      headers: { "Content-Type": type },
      body: new Uint8Array(await got.arrayBuffer()),
    };
  }
}
