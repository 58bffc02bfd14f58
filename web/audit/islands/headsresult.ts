/** What another person's distinguished heads say, compared with this browser's or by themselves. */
import {
  decodeUtf8,
  encodeHex,
  viewRoot,
  type Client,
  type ComparedHeads,
  type ListedHead,
} from "@ghostlight/client";
import type { HeadsFile } from "@ghostlight/client/evidence";
import { configurationSum, openSignedHeads, type Basis } from "./basis.js";
import { el, time, type Child } from "./dom.js";
import { byBrowser, nothing, reasonOf, type Examined, type Fact } from "./examined.js";
import { sentence, shownFailure, shownOf } from "./outcome.js";
import type { Shown } from "./verdict.js";

const what = "Distinguished heads of a log, as somebody was shown them.";

/** Compares heads with those that this browser retains. */
export async function examineHeads(name: string, file: Uint8Array, client: Client): Promise<Examined> {
  try {
    const r = await client.compareHeads(decodeUtf8(file));
    return {
      name,
      what,
      shown: shownCompared(r),
      facts: comparedFacts(r),
      unproven: r.result === "contradiction" ? [] : unprovenBy(r.signed),
      steps: comparedSteps(r),
    };
  } catch (failure) {
    return { name, what, shown: shownFailure(failure), facts: [], unproven: [], steps: [] };
  }
}

/** What a comparison is shown as. */
export function shownCompared(r: ComparedHeads): Shown {
  const equal = r.common === r.own.length && r.common === r.other.length;
  return shownOf(
    r.verdict,
    {
      verified: equal
        ? "Both lists are equal: you were shown the same log."
        : `You were shown the same log, up to entry ${lastCommon(r)}.`,
      changed: "The two lists contradict each other.",
      unchecked: "The two lists have nothing in common to compare.",
    },
    r.hint === undefined ? [] : [el("p", {}, sentence(r.hint))],
  );
}

function lastCommon(r: ComparedHeads): number {
  const positions = new Set(r.own.map((h) => h.position));
  return r.other.filter((h) => positions.has(h.position)).at(-1)?.position ?? 0;
}

function comparedFacts(r: ComparedHeads): Fact[] {
  return [
    ["In common", `${r.common} of your ${r.own.length} heads, and of their ${r.other.length}`],
    [
      "Their list",
      r.signed
        ? "follows from an answer that the directory signed"
        : "is not signed: it can have been made up",
    ],
  ];
}

function unprovenBy(signed: boolean): string[] {
  return [
    "That you will be shown the same log from now on: compare again.",
    ...(signed ? [] : ["That the other person’s list is the one that they were shown."]),
  ];
}

function comparedSteps(r: ComparedHeads): string[] {
  return [
    ...(r.signed ? ["Verified the answer that the directory signed, as somebody who has seen nothing."] : []),
    "Looked for log entries that are in both lists, and compared the roots of the log there.",
    "Where both lists reach, looked for entries that only one of them has.",
  ];
}

/** Says what can be said of heads where none are retained: in the page without a server. */
export function examineHeadsAlone(name: string, file: HeadsFile, basis: Basis, now: number): Examined {
  const sum = configurationSum(basis);
  if (sum !== undefined && !isOf(file, sum)) {
    const why = "the SHA-256 of its configuration is another one";
    return nothing(name, what, `These are heads of another directory than ${basis.whose}.`, why);
  }
  const facts: Fact[] = [["Heads", headsTable(file.heads)]];
  if (!file.response) {
    const why =
      "nothing in the file is signed. Compare it with other people’s: “kt heads compare” does, and the audit view’s page Compare";
    return nothing(name, what, "These heads can be compared, and prove nothing by themselves.", why, {
      facts,
    });
  }
  if (!basis.configuration) {
    const why = `add the configuration with the SHA-256 ${file.configurationSha256}`;
    return nothing(name, what, "These heads wait for their directory’s configuration.", why, { facts });
  }
  return examineSigned(name, file, basis.configuration, now);
}

function examineSigned(name: string, file: HeadsFile, configuration: Uint8Array, now: number): Examined {
  try {
    const signed = openSignedHeads(configuration, file, now);
    const at = signed?.time ?? 0;
    const listed = (signed?.heads ?? []).map((view) => ({
      position: view.head.treeSize - 1,
      root: viewRoot(view),
    }));
    return {
      name,
      what,
      shown: {
        badge: "verified",
        headline: "The directory signed the log that has these heads.",
        reason: "Credentials in other files are verified against them.",
        checkedBy: byBrowser,
      },
      facts: [
        ["The log’s last entry then", time(at)],
        ["Heads that follow from it", headsTable(listed)],
      ],
      unproven: [
        "That everybody is shown this log: compare the heads with other people’s.",
        "That they are recent: see the time of the log’s last entry.",
      ],
      steps: [
        "Verified the directory’s signature, and every proof in the answer, as somebody who has seen nothing.",
        "Worked out the roots of the log at its recent distinguished entries from that answer.",
      ],
    };
  } catch (failure) {
    const why = `${reasonOf(failure)}. They prove nothing: get them again`;
    return nothing(name, what, "The signed answer in this file does not verify.", why);
  }
}

function isOf(file: HeadsFile, sum: string): boolean {
  return file.tag ? sum.startsWith(encodeHex(file.tag)) : file.configurationSha256 === sum;
}

/** A table of heads, as `kt heads` prints them. Roots are in groups of eight. */
export function headsTable(
  heads: readonly (Pick<ListedHead, "position" | "root"> & Partial<ListedHead>)[],
): HTMLElement {
  const row = (h: (typeof heads)[number]) =>
    el(
      "li",
      {},
      el(
        "span",
        { class: "head-entry" },
        `log entry ${h.position}`,
        ...(h.time === undefined ? [] : [" of ", time(h.time)]),
        ", root ",
      ),
      rootCode(h.root),
    );
  return el("ol", { class: "heads plain" }, ...heads.map(row));
}

function rootCode(root: Uint8Array): Child {
  const groups = encodeHex(root).match(/.{8}/g) ?? [];
  return el("code", { class: "groups" }, ...groups.flatMap((group, i) => (i > 0 ? [" ", group] : [group])));
}
