const prefix = "urn:ghostlight:problem:";

/** The server was not reached, or did not answer in time: repeating may help. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
}

/** A response that no directory, and no log, gives. */
export class ResponseError extends Error {
  override readonly name = "ResponseError";
}

/** A directory's refusal (RFC 9457; docs/problems.md). Nothing in it is proven. */
export class Problem extends Error {
  readonly status: number;
  /** The problem's type, without "urn:ghostlight:problem:" if it has that. */
  readonly type: string;
  /** The server's own words in the message, at most 300 characters; empty: it gave none. */
  readonly said: string;
  /** The part of the request that is at fault; empty: none is named. */
  readonly field: string;
  /** What the server asks to wait before another attempt, in milliseconds. */
  readonly retryAfter: number;

  constructor(status: number, document: Record<string, unknown>, retryAfter: number) {
    const said = text(document["detail"]) || text(document["title"]);
    super(`the server answered ${status}: ${said || "without a reason"}`);
    this.said = said;
    this.name = "Problem";
    this.status = status;
    const type = text(document["type"]);
    this.type = type.startsWith(prefix) ? type.slice(prefix.length) : type;
    this.field = text(document["field"]);
    this.retryAfter = retryAfter;
  }

  /** It says that a label, or a version of it, does not exist. */
  get denies(): boolean {
    return this.type === "unknown-label" || this.type === "no-such-version";
  }

  /** The directory does not have the operation at all: one of an extension that it need not know. */
  get lacksOperation(): boolean {
    if (this.status === 404)
      return this.type === "not-found" || this.type === "" || this.type === "about:blank";
    return this.status === 405 || this.status === 501;
  }

  /** The log is smaller than the tree size that the request advertised. */
  get aboutLast(): boolean {
    return this.type === "conflict" && this.field === "last";
  }

  /** A label has no version beyond the one that an update request named. */
  get nothingNew(): boolean {
    if (this.type === "unknown-label") return true;
    const refused = this.type === "conflict" || this.type === "invalid-request";
    return refused && (this.field === "" || this.field === "greatest_version");
  }
}

/** How much is kept of a server's text, in characters. */
const longestText = 300;

/** A server's text goes into sentences: it must not turn them around, or break them. */
function text(value: unknown): string {
  return typeof value === "string" ? cut(value).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\ufffd") : "";
}

function cut(value: string): string {
  return value.length <= longestText ? value : `${value.slice(0, longestText - 1)}…`;
}

/**
 * Reads a response that is not a success. What is not a problem document yields a Problem
 * with nothing but the status: it may have come from a proxy on the way.
 */
export function parseProblem(response: Response, body: Uint8Array): Problem {
  let document: unknown;
  if (hasType(response, "application/problem+json")) {
    try {
      document = JSON.parse(new TextDecoder().decode(body));
    } catch {
      // The status says enough.
    }
  }
  return new Problem(response.status, Object(document) as Record<string, unknown>, retryAfter(response));
}

/** Whether a response has a media type, whatever its parameters. */
export function hasType(response: Response, want: string): boolean {
  return response.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() === want;
}

/** Understands a number of seconds, at most an hour; dates are ignored. */
function retryAfter(response: Response): number {
  const value = response.headers.get("retry-after") ?? "";
  const seconds = /^\d{1,4}$/.test(value) ? Number(value) : 0;
  return seconds <= 3600 ? seconds * 1000 : 0;
}
