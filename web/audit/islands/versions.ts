/** The versions of a label as a timeline, the newest first, and what each changed. */
import type { HistoryResult, HistoryVersion } from "@ghostlight/client";
import { accountState } from "./accountwords.js";
import { boundsOf, type At, type Bounds } from "./bounds.js";
import { code, el, time, type Child } from "./dom.js";
import { describeChanges } from "./keydiff.js";
import { keyCards, readValue, type ReadValue } from "./keys.js";
import { describeUnread } from "./rawvalue.js";

const missing: Readonly<Record<NonNullable<HistoryVersion["missing"]>, string>> = {
  expired: "The directory says that it no longer keeps this version, because of its age.",
  erased: "The directory says that the value was erased: nobody can open its commitment any more.",
  denied: "The directory says that it does not have this version. That is not proven.",
  skipped: "The directory says that this version was skipped: it never had a value.",
};

/** A version with what was read of its value. */
interface Line {
  readonly version: HistoryVersion;
  readonly value: ReadValue | undefined;
  readonly bounds: Bounds;
}

/** Describes the versions of a label. */
export async function describeVersions(r: HistoryResult, base: string, now: number): Promise<HTMLElement> {
  const traces = r.versions.flatMap((v) => (v.lookup ? [v.lookup.trace] : []));
  const lines: Line[] = [];
  for (const version of r.versions) {
    const value = version.lookup && (await readValue(version.lookup.value));
    lines.push({ version, value, bounds: boundsOf(version.version, traces) });
  }
  const items: HTMLElement[] = [];
  for (const [i, line] of lines.entries()) items.push(await versionItem(line, lines[i + 1], r, base, now));
  return el("ol", { class: "versions", reversed: true, start: r.versions[0]?.version }, ...items);
}

async function versionItem(
  line: Line,
  older: Line | undefined,
  r: HistoryResult,
  base: string,
  now: number,
): Promise<HTMLElement> {
  const { version } = line;
  const newest = version === r.versions[0] ? ", the newest" : "";
  return el(
    "li",
    { id: `v${version.version}` },
    el("h3", {}, `Version ${version.version}${newest}`),
    ...(version.lookup ? [when(line.bounds, base)] : []),
    state(version),
    ...(await content(line, older, now)),
  );
}

/** When it came, between the entries that prove it. */
function when({ after, by }: Bounds, base: string): HTMLElement {
  const entry = ({ position }: At) => el("a", { href: `${base}/log/${position}` }, `entry ${position}`);
  if (!by) return el("p", {}, "Nothing here tells when it came.");
  if (by.position === 0 || after?.position === by.position - 1) {
    return el("p", {}, "In the log since ", entry(by), " of ", time(by.timestamp), ".");
  }
  const since: Child[] = after ? ["after ", entry(after), " of ", time(after.timestamp), " and "] : [];
  return el("p", {}, "It came ", ...since, "no later than ", entry(by), " of ", time(by.timestamp), ".");
}

/** Whether it is proven, and what the label's account key says of it. */
function state(v: HistoryVersion): HTMLElement {
  const isProven = v.verdict.outcome !== "could not check";
  const skipped = v.missing === "skipped" && isProven;
  const proven = skipped ? "proven: it was skipped" : isProven ? "proven" : "not proven";
  const parts: Child[] = [el("span", { class: "state", "data-state": isProven ? "good" : "warn" }, proven)];
  if (v.lookup) parts.push(" · ", accountState(v.account));
  return el("p", {}, ...parts);
}

async function content(line: Line, older: Line | undefined, now: number): Promise<HTMLElement[]> {
  const { version, value, bounds } = line;
  const { lookup } = version;
  if (!lookup || !value) return [el("p", { class: "notice" }, missing[version.missing ?? "denied"])];
  const announced =
    version.account?.announced === undefined
      ? []
      : [
          el(
            "p",
            { class: "notice", "data-state": "warn" },
            "The account key that it announces: ",
            code(version.account.announced),
          ),
        ];
  if (value.kind === "other") return [...announced, ...describeUnread(lookup.value, value.why)];
  const changed = await changes(value, bounds, older, now);
  const count = value.keys.length === 1 ? "1 key" : `${value.keys.length} keys`;
  const all = el("details", {}, el("summary", {}, `${count} in this version`), keyCards(value.keys, now));
  return [...announced, changed, all];
}

/** What a version changed. Whether keys expired meanwhile is seen at the times of the versions. */
async function changes(
  value: Extract<ReadValue, { kind: "keys" }>,
  bounds: Bounds,
  older: Line | undefined,
  now: number,
): Promise<HTMLElement> {
  const at = bounds.by?.timestamp ?? now;
  if (older?.value?.kind === "keys") {
    const before = { keys: older.value.keys, at: older.bounds.by?.timestamp ?? at };
    return describeChanges(before, { keys: value.keys, at });
  }
  if (older) return el("p", { class: "note" }, "The version before has no keys to compare with.");
  return describeChanges({ keys: [], at }, { keys: value.keys, at });
}
