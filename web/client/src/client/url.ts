import { usage } from "./errors.js";

/**
 * Checks a base URL and returns it in the one form that is retained and compared. Plain http is
 * for this machine only, unless `insecure` is set: everybody on the way sees the labels. Throws a
 * Failure of the kind usage.
 */
export function baseUrl(text: string, insecure: boolean): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw usage(`the URL ${text} is none: it should look like https://keys.example.org`);
  }
  const bare = !url.username && !url.password && !url.search && !url.hash;
  if (!bare || !["https:", "http:"].includes(url.protocol)) {
    throw usage(`the URL ${url.protocol}//${url.host} must begin with https and end with its path`);
  }
  if (url.protocol === "http:" && !insecure && !isLoopback(url.hostname)) {
    throw usage(`http to ${url.hostname} would show everybody on the way what you ask for: use https`);
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}

function isLoopback(host: string): boolean {
  return (
    host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127(\.\d+){3}$/.test(host)
  );
}
