/** What a monitor says of itself and of directories: its status.json. Nothing of it is believed for being there. */
import type { Badge } from "@ghostlight/client";

/** The verdicts that a monitor comes to, which are never merged. */
const badgeOfWord = {
  verified: "verified",
  "could not check": "unchecked",
  changed: "changed",
  "misbehaviour proven": "misbehaviour",
} as const satisfies Record<string, Badge>;

/** A monitor's status. Times are in milliseconds since 1970. */
export interface MonitorStatus {
  readonly at: number;
  readonly since: number;
  readonly directories: readonly MonitoredDirectory[];
  readonly roles: readonly MonitorRole[];
  /** The newest ones, the newest first. */
  readonly alerts: readonly MonitorAlert[];
}

/** A directory that a monitor watches. */
export interface MonitoredDirectory {
  /** What the monitor calls it. */
  readonly name: string;
  /** Of the Configuration that the monitor pinned, in hexadecimal. */
  readonly configurationSha256: string;
}

/** What the last round of one of a monitor's roles came to. */
export interface MonitorRole {
  /** What the monitor calls the directory; empty for its own roles. */
  readonly directory: string;
  readonly role: string;
  readonly badge: Badge;
  readonly checked: string;
  /** How many log entries are checked; 0 if the role counts none. */
  readonly upTo: number;
  /** When the last round ended; undefined before the first. */
  readonly finishedAt: number | undefined;
  readonly reasons: readonly string[];
}

/** An alert, as everybody may know it. */
export interface MonitorAlert {
  readonly id: string;
  readonly directory: string;
  readonly severity: "critical" | "warning" | "info";
  readonly class: "evidence" | "report";
  readonly summary: string;
  readonly raisedAt: number;
  /** It is neither over nor acknowledged. */
  readonly open: boolean;
  /** The monitor has a file that everybody may have. */
  readonly evidence: boolean;
}

/** The version of status.json that this module reads. */
const schemaVersion = 1;

/** The most that is read of a list: a monitor has at most 100 directories with 3 roles each, and tells of 100 alerts. */
const maxList = 1000;

/** The length of the longest text. */
const maxText = 2000;

/** Parses status.json. Throws an Error for people if it is none, or of another version. */
export function parseMonitorStatus(text: string): MonitorStatus {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("What it answered is no JSON.");
  }
  const d = fields(value);
  if (d["schema_version"] !== schemaVersion) {
    throw new Error("It tells its status in another version than this page reads.");
  }
  return {
    at: time(d["at"]),
    since: time(d["since"]),
    directories: list(d["directories"], directory),
    roles: list(d["roles"], role),
    alerts: list(d["alerts"], alert),
  };
}

function directory(value: unknown): MonitoredDirectory {
  const d = fields(value);
  return { name: string(d["name"]), configurationSha256: string(d["configuration_sha256"]) };
}

function role(value: unknown): MonitorRole {
  const d = fields(value);
  return {
    directory: string(d["directory"] ?? ""),
    role: string(d["role"]),
    badge: badgeOfWord[one(d["verdict"], Object.keys(badgeOfWord) as (keyof typeof badgeOfWord)[])],
    checked: string(d["checked"] ?? ""),
    upTo: count(d["up_to"] ?? 0),
    finishedAt: d["finished_at"] === undefined ? undefined : time(d["finished_at"]),
    reasons: list(d["reasons"] ?? [], (reason) => string(fields(reason)["summary"])),
  };
}

function alert(value: unknown): MonitorAlert {
  const d = fields(value);
  const id = string(d["id"]);
  if (!/^[0-9a-f]{1,64}-\d{1,20}$/.test(id)) throw malformed();
  return {
    id,
    directory: string(d["directory"] ?? ""),
    severity: one(d["severity"], ["critical", "warning", "info"]),
    class: one(d["class"], ["evidence", "report"]),
    summary: string(d["summary"]),
    raisedAt: time(d["raised_at"]),
    open: d["open"] === true,
    evidence: d["evidence"] === true,
  };
}

function fields(value: unknown): Partial<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed();
  return value as Partial<Record<string, unknown>>;
}

function list<T>(value: unknown, read: (item: unknown) => T): T[] {
  if (!Array.isArray(value) || value.length > maxList) throw malformed();
  return value.map(read);
}

function string(value: unknown): string {
  if (typeof value !== "string" || value.length > maxText) throw malformed();
  return value;
}

function one<T extends string>(value: unknown, words: readonly T[]): T {
  const found = words.find((word) => word === value);
  if (found === undefined) throw malformed();
  return found;
}

function count(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw malformed();
  return value as number;
}

function time(value: unknown): number {
  const ms = Date.parse(string(value));
  if (Number.isNaN(ms)) throw malformed();
  return ms;
}

function malformed(): Error {
  return new Error("What it answered is not the status of a monitor.");
}
