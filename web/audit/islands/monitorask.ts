/** Asks a monitor what it says of one directory. */
import { sha256 } from "@noble/hashes/sha2.js";
import { decodeUtf8, encodeHex, Refusal, type Badge } from "@ghostlight/client";
import { askBytes, NoAnswer } from "./ask.js";
import { parseMonitorStatus, type MonitorAlert, type MonitorRole } from "./monitorstatus.js";

/** The size in bytes of the largest status. */
const maxStatus = 1 << 20;

/** How far from this device's clock a status may be, in milliseconds. It is made when it is asked for. */
const freshness = 600_000;

/** What a monitor says of a directory. */
export interface Said {
  /** When, by its clock, in milliseconds since 1970. */
  readonly at: number;
  readonly since: number;
  /** It watches the directory. */
  readonly watches: boolean;
  /** Its roles for the directory, and its own. */
  readonly roles: readonly MonitorRole[];
  /** The worst of the roles. */
  readonly badge: Badge;
  /** The open ones about the directory or the monitor itself, of those that it tells of. */
  readonly alerts: readonly MonitorAlert[];
}

/** From good to bad. Keys that nobody announced are worse than what could not be checked. */
const order: readonly Badge[] = ["verified", "monitored", "unchecked", "changed", "misbehaviour"];

/** The worst of some badges; "unchecked" if there is none. */
export function worst(badges: readonly Badge[]): Badge {
  return order[Math.max(...badges.map((badge) => order.indexOf(badge)))] ?? "unchecked";
}

/**
 * Asks the monitor at a base URL what it says of the directory that has a Configuration.
 * Rejects with an Error for people.
 */
export async function askMonitor(url: string, configuration: Uint8Array): Promise<Said> {
  const status = parseMonitorStatus(readText(await askBytes(`${url}/status.json`, maxStatus)));
  if (Math.abs(Date.now() - status.at) > freshness) {
    throw new NoAnswer(
      "What it answered is not of this time: somebody repeats an old answer, or a clock is wrong, perhaps yours.",
    );
  }
  const digest = encodeHex(sha256(configuration));
  const names = status.directories.filter((d) => d.configurationSha256 === digest).map((d) => d.name);
  const concerns = (directory: string) => directory === "" || names.includes(directory);
  const roles = status.roles.filter((role) => concerns(role.directory));
  return {
    at: status.at,
    since: status.since,
    watches: names.length > 0,
    roles,
    badge: names.length > 0 ? worst(roles.map((role) => role.badge)) : "unchecked",
    alerts: status.alerts.filter((alert) => alert.open && concerns(alert.directory)),
  };
}

function readText(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new NoAnswer("What it answered is no text.");
  }
}
