/** What is wrong with a roster, the worst first, and how each member stands. */
import type { EvidenceFile } from "@ghostlight/client";
import type { Finding, Proof, Report, Roster, Severity } from "@ghostlight/client/roster";
import { code, el, foreign, time, type Child } from "./dom.js";
import { download } from "./download.js";
import { keyCards } from "./keys.js";

const states: Readonly<Record<Severity, string | undefined>> = {
  error: "bad",
  warning: "warn",
  note: undefined,
};
const titles: Readonly<Record<Severity, string>> = {
  error: "Errors",
  warning: "Warnings",
  note: "Notes, which ask for nothing",
};

/** How many findings of a severity are shown. The report has all. */
const most = 200;

/** The findings, by severity. */
export function describeFindings(
  report: Report,
  evidence: ReadonlyMap<string, EvidenceFile | undefined>,
  now: number,
): HTMLElement[] {
  const severities = ["error", "warning", "note"] as const;
  return severities.flatMap((severity): HTMLElement[] => {
    const found = report.findings.filter((f) => f.severity === severity);
    if (found.length === 0) return [];
    const items = found.slice(0, most).map((f) => finding(f, evidence.get(f.label), now));
    const rest = found.length - items.length;
    const more = rest > 0 ? el("p", {}, `${rest} more are in the report.`) : undefined;
    const list = el("ul", { class: "findings" }, ...items);
    const title = `${titles[severity]} (${found.length})`;
    if (severity === "note") return [el("details", { class: "notes" }, el("summary", {}, title), list, more)];
    return [el("h3", {}, title), list, more].filter((child) => child !== undefined);
  });
}

function finding(f: Finding, evidence: EvidenceFile | undefined, now: number): HTMLElement {
  const others = (f.other_labels ?? []).flatMap((label) => [", ", foreign(label)]);
  return el(
    "li",
    { "data-state": states[f.severity], "data-code": f.code },
    el("h4", {}, foreign(f.label), ...others),
    el("p", { class: "code" }, `${f.severity}: ${f.code}`),
    el("p", {}, ...withCommands(f.message)),
    el("p", { class: "what-to-do" }, el("strong", {}, "What to do: "), ...withCommands(f.advice)),
    evidence && evidenceOffer(evidence),
    f.keys && f.keys.length > 0 ? details("The keys", keyCards(f.keys, now)) : undefined,
    proof(f.proof),
  );
}

/** A text in which commands are between backquotes. */
function withCommands(text: string): Child[] {
  return text.split("`").map((part, i) => (i % 2 === 1 ? code(part) : part));
}

/** Lets the visitor save evidence, and tells how others verify it. */
export function evidenceOffer(file: EvidenceFile): HTMLElement {
  const command = code(`kt evidence verify ${file.name}`);
  return el("p", {}, download("Save the evidence", file.name, file.json, "application/json"), " ", command);
}

function details(title: string, ...content: Child[]): HTMLElement {
  return el("details", {}, el("summary", {}, title), ...content);
}

/** What the finding rests on. */
function proof({ head, versions }: Proof): HTMLElement | undefined {
  if (!head && !versions?.length) return undefined;
  const lines = (versions ?? []).map((v) => {
    const since = v.created_at_the_earliest;
    const from: Child[] = since === undefined ? [] : ["after ", time(Date.parse(since)), " and "];
    return el(
      "li",
      {},
      `Version ${v.version}, in log entry ${v.log_entry}: it came `,
      ...from,
      "no later than ",
      time(Date.parse(v.created_at_the_latest)),
      ".",
    );
  });
  const under =
    head && el("p", {}, `Under the log of ${head.tree_size} entries, with the root `, code(head.root));
  return details("What it rests on", under, lines.length > 0 ? el("ul", {}, ...lines) : undefined);
}

/** How each member stands: a table. */
export function describeMembers(roster: Roster, report: Report): HTMLElement {
  const labels = [...new Set([...(roster.me ? [roster.me] : []), ...roster.members.map((m) => m.label)])];
  const shown = labels.slice(0, most);
  const findings = findingsByLabel(report);
  const heads = ["Label", "Devices in the session", "What was found"];
  return el(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Members" },
    el(
      "table",
      { class: "stack" },
      el(
        "caption",
        {},
        labels.length > most ? `The first ${most} of ${labels.length}` : "Everybody in the conversation",
      ),
      el("thead", {}, el("tr", {}, ...heads.map((text) => el("th", { scope: "col" }, text)))),
      el("tbody", {}, ...shown.map((label) => memberRow(label, roster, findings.get(label) ?? []))),
    ),
  );
}

function findingsByLabel(report: Report): Map<string, Finding[]> {
  const out = new Map<string, Finding[]>();
  for (const f of report.findings) {
    for (const label of [f.label, ...(f.other_labels ?? [])]) out.set(label, [...(out.get(label) ?? []), f]);
  }
  return out;
}

function memberRow(label: string, roster: Roster, findings: readonly Finding[]): HTMLElement {
  const devices = roster.members.find((m) => m.label === label)?.devices.length;
  const you = label === roster.me ? " (you)" : "";
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, foreign(label), you),
    el("td", { "data-label": "Devices in the session:" }, devices === undefined ? "–" : String(devices)),
    el("td", { "data-label": "Found:" }, standing(findings)),
  );
}

function standing(findings: readonly Finding[]): HTMLElement {
  const bad = findings.filter((f) => f.severity !== "note");
  if (bad.length === 0) return el("span", { class: "state", "data-state": "good" }, "nothing is amiss");
  const worst = bad.some((f) => f.severity === "error") ? "bad" : "warn";
  const codes = [...new Set(bad.map((f) => f.code))].join(", ");
  return el("span", { class: "state", "data-state": worst }, codes);
}
