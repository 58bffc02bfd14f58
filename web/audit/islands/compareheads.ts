/** The part of the compare page about the log's distinguished heads. */
import { decodeUtf8, encodeHex, type Client, type ComparedHeads, type HeadsExport } from "@ghostlight/client";
import { sumOf } from "./basis.js";
import { comparePart, qrFigure, type Part } from "./comparepart.js";
import { button, code, el } from "./dom.js";
import { download } from "./download.js";
import { byBrowser } from "./examined.js";
import { fileDrop, type Given } from "./filedrop.js";
import { headsTable, shownCompared } from "./headsresult.js";
import { exportOf, readHeads } from "./headspaste.js";
import { shownFailure } from "./outcome.js";
import type { Shown } from "./verdict.js";

/** The part, with this browser's heads on the one side. */
export function compareHeadsPart(client: Client, own: HeadsExport): Part {
  const part = comparePart(
    "heads",
    "Distinguished heads",
    "They show whether two people are shown the same log. Give yours to somebody, or compare with theirs: as a file, a QR code, or read out.",
  );
  part.yours.append(...yourSide(client, own, part));
  part.theirs.append(
    el("h3", {}, "Theirs"),
    fileDrop({
      id: "their-heads",
      label: "Or paste: a QR code’s text, what “kt heads” prints, or one root",
      action: "Compare",
      single: true,
      take: ([given]) => void (given && takeHeads(client, own, part, given)),
    }),
  );
  return part;
}

function yourSide(client: Client, own: HeadsExport, part: Part): HTMLElement[] {
  const signed = button("Save with the directory’s signature", () => void saveSigned(client, part));
  const plain = download("Save the list", "heads.json", own.file, "application/json");
  plain.className = "quiet";
  return [
    el("h3", {}, "Yours"),
    el("p", { class: "actions" }, signed, plain),
    qrFigure(own.text, "your heads: what “kt heads export --qr” shows"),
    el("details", {}, el("summary", {}, "The text of the QR code"), el("p", {}, code(own.text))),
    el("details", {}, el("summary", {}, "To read out"), headsTable(own.heads)),
  ];
}

/** A list that is signed makes a difference evidence. The directory is asked for it when it is wanted. */
async function saveSigned(client: Client, part: Part): Promise<void> {
  try {
    const { file } = await client.exportHeads({ signed: true });
    download("", "heads.json", file, "application/json").click();
  } catch (failure) {
    part.show(shownFailure(failure));
  }
}

async function takeHeads(client: Client, own: HeadsExport, part: Part, given: Given): Promise<void> {
  try {
    if ("problem" in given) part.show(refused(given.problem));
    else await compare(client, own, part, decodeUtf8(given.bytes));
  } catch (failure) {
    part.show(shownFailure(failure));
  }
}

async function compare(client: Client, own: HeadsExport, part: Part, text: string): Promise<void> {
  const read = readHeads(text);
  switch (read.kind) {
    case "empty":
      return part.show(refused("There is nothing in the box."));
    case "unknown":
      return part.show(
        refused(
          "It is neither a list of heads, nor what “kt heads” prints, nor a root of 64 hexadecimal digits.",
        ),
      );
    case "root":
      return part.show(shownRoot(own, read.root));
    case "printed":
      return show(
        part,
        await client.compareHeads(exportOf(read.heads, client.directory, sumOf(client.configuration))),
      );
    case "export":
      return show(part, await client.compareHeads(read.text));
  }
}

function show(part: Part, r: ComparedHeads): void {
  part.show(shownCompared(r), comparedTable(r));
}

function refused(reason: string): Shown {
  return { badge: "unchecked", headline: "There are no heads to compare.", reason, checkedBy: [] };
}

/** A root by itself: whoever reads it out may leave out where it stands. */
function shownRoot(own: HeadsExport, root: string): Shown {
  const found = own.heads.find((head) => encodeHex(head.root) === root);
  if (found) {
    return {
      badge: "verified",
      headline: `You were shown the same log, up to entry ${found.position}.`,
      reason: `This is the root of the log that ends with entry ${found.position}, as your browser verified it.`,
      checkedBy: byBrowser,
    };
  }
  return {
    badge: "unchecked",
    headline: "None of your heads has this root.",
    reason:
      "It can be of an entry that is not among yours, or mistyped: compare the whole list, with its positions.",
    checkedBy: [],
  };
}

/** Both lists, by position. */
function comparedTable(r: ComparedHeads): HTMLElement {
  const theirs = new Map(r.other.map((head) => [head.position, encodeHex(head.root)]));
  const yours = new Map(r.own.map((head) => [head.position, encodeHex(head.root)]));
  const positions = [...new Set([...yours.keys(), ...theirs.keys()])].sort((a, b) => a - b);
  const rows = positions.map((position) => {
    const [mine, other] = [yours.get(position), theirs.get(position)];
    const [state, words] = stateOf(mine, other);
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, `entry ${position}`),
      el("td", {}, el("span", { class: "state", "data-state": state }, words)),
      el("td", {}, code((mine ?? other ?? "").slice(0, 16) + "…")),
    );
  });
  return el(
    "table",
    { class: "compared" },
    el("caption", {}, "The log’s roots, compared by your browser"),
    el(
      "thead",
      {},
      el("tr", {}, ...["Log entry", "Result", "Root"].map((text) => el("th", { scope: "col" }, text))),
    ),
    el("tbody", {}, ...rows),
  );
}

function stateOf(mine: string | undefined, other: string | undefined): [string | undefined, string] {
  if (mine === undefined) return [undefined, "only in theirs"];
  if (other === undefined) return [undefined, "only in yours"];
  return mine === other ? ["good", "the same"] : ["bad", "not the same"];
}
