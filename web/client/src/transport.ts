import { hasType, NetworkError, parseProblem, Problem, ResponseError } from "./problem.js";

/** How to reach a server. */
export interface TransportOptions {
  /** Its base URL, without a slash at the end. */
  readonly base: string;
  readonly fetch: typeof fetch;
  /** Bounds one attempt, in milliseconds. Default: 30 s. */
  readonly timeout?: number;
  /** How many times a request is repeated that changes nothing. Default: 3. */
  readonly retries?: number;
  /** The pause before the first repetition, in milliseconds; it doubles. Default: 300. */
  readonly backoff?: number;
  /** The size of the largest answer that is read, in bytes. Default: 64 MiB. */
  readonly maxResponse?: number;
}

const maxProblem = 64 << 10;
const longestPause = 30_000;
const binary = "application/octet-stream";
const elsewhere =
  "the server answered with a redirect to elsewhere, which is refused, for requests tell whom you look up; use the directory's own address, or tell the operator";

/**
 * Speaks the HTTP binding with one directory, or reads one log. A request repeats only
 * what changes nothing; labels are in bodies only. All methods throw a Problem, a
 * NetworkError, a ResponseError, or the reason of the signal that aborted them.
 */
export class Transport {
  readonly base: string;
  readonly #options: Required<TransportOptions>;

  constructor(options: TransportOptions) {
    this.base = options.base;
    this.#options = { timeout: 30_000, retries: 3, backoff: 300, maxResponse: 64 << 20, ...options };
  }

  /** Sends a message of the protocol and returns the one that answers it. */
  post(operation: string, body: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    const init = {
      method: "POST",
      body: body as BodyInit,
      headers: { "Content-Type": binary, Accept: binary },
    };
    return this.#repeat(`/v1/${operation}`, init, this.#options.maxResponse, true, signal);
  }

  /** Gets a message of the protocol. */
  get(path: string, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#repeat(path, { cache: "no-store" }, this.#options.maxResponse, true, signal);
  }

  /**
   * Gets a file of at most `limit` bytes that proves itself: whoever serves it may give it
   * any content type. `fresh` passes caches by.
   */
  file(path: string, limit: number, fresh: boolean, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#repeat(path, { cache: fresh ? "no-cache" : "default" }, limit, false, signal);
  }

  async #repeat(path: string, init: RequestInit, limit: number, typed: boolean, signal?: AbortSignal) {
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted();
      try {
        return await this.#attempt(path, init, limit, typed, signal);
      } catch (error) {
        const pause = this.#pause(attempt, error);
        if (signal?.aborted || pause === undefined) throw error;
        await sleep(pause, signal);
      }
    }
  }

  /** How long to wait after a failed attempt, in milliseconds; undefined: not to repeat it. */
  #pause(attempt: number, error: unknown): number | undefined {
    if (attempt >= this.#options.retries) return undefined;
    const pause = this.#options.backoff * 2 ** attempt * (1 + Math.random() / 2);
    if (error instanceof Problem) {
      if (error.status !== 503 || error.retryAfter > longestPause) return undefined;
      return Math.min(Math.max(pause, error.retryAfter), longestPause);
    }
    return error instanceof NetworkError ? Math.min(pause, longestPause) : undefined;
  }

  async #attempt(path: string, init: RequestInit, limit: number, typed: boolean, signal?: AbortSignal) {
    const timeout = AbortSignal.timeout(this.#options.timeout);
    try {
      const response = await this.#options.fetch(this.base + path, {
        ...init,
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        // A request says whom its user looks up: it is not for other hosts. Not "error", which
        // would look like a server that was not reached.
        redirect: "manual",
        credentials: "omit",
        referrerPolicy: "no-referrer",
      });
      if (isRedirect(response)) throw new ResponseError(`${this.base}: ${elsewhere}`);
      return await read(response, limit, typed);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof Problem || error instanceof ResponseError) throw error;
      const why = timeout.aborted ? `no answer in ${this.#options.timeout / 1000} s` : "it was not reached";
      throw new NetworkError(`${this.base}: ${why}`, { cause: error });
    }
  }
}

/** Whether a server sends whoever asks elsewhere. Browsers hide the status and the address of it. */
function isRedirect({ type, status }: Response): boolean {
  return type === "opaqueredirect" || [301, 302, 303, 307, 308].includes(status);
}

/** The body of a successful response. Throws a Problem for others. */
async function read(response: Response, limit: number, typed: boolean): Promise<Uint8Array> {
  if (!response.ok) {
    // The status says enough if the document does not arrive.
    const body = await readBody(response, maxProblem).catch(() => new Uint8Array());
    throw parseProblem(response, body);
  }
  const body = await readBody(response, limit);
  if (typed && !hasType(response, binary)) {
    throw new ResponseError(`the response is not what was asked for: its content type is not ${binary}`);
  }
  return body;
}

/** Reads a body without holding more of it than the limit. */
async function readBody(response: Response, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const next = await reader?.read();
    if (!next || next.done) break;
    size += next.value.length;
    if (size > limit) {
      // Not awaited: a stream that hangs must not hold up what is known already.
      reader?.cancel().catch(() => undefined);
      throw new ResponseError(`the response is not what was asked for: it is larger than ${limit} bytes`);
    }
    chunks.push(next.value);
  }
  const out = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

/** Resolves after a time in milliseconds. Rejects with the signal's reason if that comes first. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
