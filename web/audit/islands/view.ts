/** What the server says of the log that it shows (view.json), and the client for that log. */
import { Client, decodeBase64, openStore, type Store } from "@ghostlight/client";
import type { Page } from "./page.js";
import { tellOfConviction } from "./conviction.js";
import { tellOfMemory } from "./notice.js";

/** The log that a page is about. Nothing of it can be believed for being here. */
export interface View {
  /** The base URL of the directory. */
  readonly directory: string;
  /** The encoded Configuration. */
  readonly configuration: Uint8Array;
  /** The directory's own witness policy; undefined if its log has no checkpoints. */
  readonly policy: string | undefined;
  readonly monitors: readonly { readonly name: string; readonly url: string }[];
  /** Who serves the page. */
  readonly host: { readonly kind: "operator" | "monitor"; readonly name: string };
}

/** The version of view.json that this module reads. */
const schemaVersion = 1;

/** How long to wait for view.json, in milliseconds. */
const patience = 20_000;

/** Reads view.json. */
export async function readView(page: Page): Promise<View> {
  const response = await fetch(`${page.base}/view.json`, { signal: AbortSignal.timeout(patience) });
  if (!response.ok)
    throw new Error(`The server answered with ${response.status} instead of describing its log.`);
  return parseView(await response.text(), location.href);
}

/** Parses view.json, as it was served to the page at a URL. */
export function parseView(text: string, at: string): View {
  let d: Partial<Record<string, unknown>>;
  try {
    d = Object(JSON.parse(text));
  } catch {
    throw new Error("The server’s description of its log is no JSON.");
  }
  if (d["schema_version"] !== schemaVersion) {
    throw new Error(
      "The server describes its log in another version than this page reads. Load the page anew.",
    );
  }
  const { directory, configuration, policy } = d;
  if (typeof directory !== "string" || typeof configuration !== "string") {
    throw new Error("The server’s description of its log is not complete.");
  }
  return {
    directory: directory === "" ? new URL(at).origin : directory,
    configuration: decodeBase64(configuration),
    policy: typeof policy === "string" ? policy : undefined,
    monitors: parseMonitors(d["monitors"]),
    host: parseHost(d["host"]),
  };
}

function parseMonitors(list: unknown): View["monitors"] {
  if (!Array.isArray(list)) return [];
  return list.map((item: unknown) => {
    const { name, url } = Object(item) as Record<string, unknown>;
    return { name: String(name), url: String(url) };
  });
}

function parseHost(host: unknown): View["host"] {
  const { kind, name } = Object(host) as Record<string, unknown>;
  return { kind: kind === "monitor" ? "monitor" : "operator", name: typeof name === "string" ? name : "" };
}

/** The client for a page's log, and what it retains things in. */
export interface Session {
  readonly view: View;
  readonly client: Client;
  readonly store: Store;
}

/**
 * Opens the client for a page's log. On the first visit that pins the Configuration and the
 * policy that the server shows; later ones are held against these. Tells the visitor if
 * nothing will be remembered.
 */
export async function openSession(page: Page): Promise<Session> {
  const [view, store] = await Promise.all([readView(page), openStore()]);
  if (!store.lasting) tellOfMemory();
  const { directory, configuration, policy } = view;
  const options = { directory, configuration, store };
  const client = await Client.open(policy === undefined ? options : { ...options, policy });
  await tellOfConviction(client);
  return { view, client, store };
}
