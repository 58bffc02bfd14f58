/** What a monitor says, as its card shows it. */
import type { Badge } from "@ghostlight/client";
import { el, foreign, time } from "./dom.js";
import type { Said } from "./monitorask.js";
import type { MonitorAlert, MonitorRole } from "./monitorstatus.js";
import { badges } from "./verdict.js";

const states: Readonly<Record<Badge, string>> = {
  verified: "good",
  monitored: "good",
  unchecked: "warn",
  changed: "warn",
  misbehaviour: "bad",
};

const severities = { critical: "bad", warning: "warn", info: "good" } as const;

/** A word with the colour and sign of a badge. */
export function badgeElement(badge: Badge): HTMLElement {
  return el("span", { class: "state", "data-state": states[badge] }, badges[badge]);
}

/** What a monitor at a URL says of the directory. */
export function describeSaid(name: string, url: string, said: Said, proven: boolean): Node[] {
  if (!said.watches) {
    return [
      el(
        "p",
        {},
        badgeElement("unchecked"),
        " It does not watch this directory, or under another Configuration.",
      ),
    ];
  }
  return [
    el("p", {}, badgeElement(said.badge), " says monitor ", foreign(name), ", as of ", time(said.at), "."),
    ...(proven ? [el("p", {}, "Your browser verified its evidence.")] : []),
    roles(said.roles),
    ...alerts(url, said.alerts),
  ];
}

/** That a monitor did not answer, and why. */
export function describeSilence(name: string, why: string): Node[] {
  return [
    el("p", {}, badgeElement("unchecked"), " Monitor ", foreign(name), " could not be asked: ", why),
    el(
      "p",
      { class: "small" },
      "That says nothing about the directory. Look again later, or ask another one.",
    ),
  ];
}

function roles(list: readonly MonitorRole[]): HTMLElement {
  return el(
    "dl",
    { class: "facts small" },
    ...list.flatMap((role) => [
      el("dt", {}, role.directory === "" ? `${role.role} (its own)` : role.role),
      el("dd", {}, badgeElement(role.badge), ...details(role)),
    ]),
  );
}

function details(role: MonitorRole): (Node | string)[] {
  const parts: (Node | string)[] = [];
  if (role.checked !== "") parts.push(" ", foreign(role.checked));
  if (role.finishedAt !== undefined) parts.push(" · ", time(role.finishedAt));
  for (const reason of role.reasons) parts.push(el("br"), foreign(reason));
  return parts;
}

function alerts(url: string, list: readonly MonitorAlert[]): Node[] {
  if (list.length === 0) return [el("p", {}, "It has no open alert about this directory.")];
  return [
    el("h3", {}, "Open alerts"),
    el(
      "ul",
      { class: "plain" },
      ...list.map((alert) =>
        el(
          "li",
          {},
          el("span", { class: "state", "data-state": severities[alert.severity] }, alert.severity),
          " ",
          el("a", { href: `${url}/alerts/${alert.id}`, rel: "noreferrer" }, foreign(alert.summary)),
          " · ",
          time(alert.raisedAt),
        ),
      ),
    ),
  ];
}
