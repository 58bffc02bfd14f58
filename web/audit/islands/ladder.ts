/**
 * The search through the log, drawn: a row for each log entry that was inspected, in that order,
 * and a column for each version that was looked up in it. The table beside it says the same.
 */
import { encodeHex, type TraceStep } from "@ghostlight/client";
import { code, el, svg, time } from "./dom.js";

/** What was looked up in one log entry. */
export type Inspected = Extract<TraceStep, { step: "lookup" }>;

/** The measures of the drawing, in its units. */
const size = { row: 28, column: 28, track: 66, head: 24, gap: 4, digit: 8 } as const;

/** What is drawn: the entries, the versions, how many entries the log has, and the entry that holds the version. */
interface Drawn {
  readonly entries: readonly Inspected[];
  readonly versions: readonly number[];
  readonly treeSize: number;
  readonly terminal: number | undefined;
}

/** Draws the search of a trace. Undefined if no log entry was inspected. */
export function drawSearch(
  trace: readonly TraceStep[],
  treeSize: number,
  terminal: number | undefined,
): HTMLElement | undefined {
  const entries = trace.filter((step) => step.step === "lookup");
  if (entries.length === 0) return undefined;
  const all = entries.flatMap((e) => [...e.lookups, ...e.known].map((o) => o.version));
  const versions = [...new Set(all)].sort((a, b) => a - b);
  const drawn: Drawn = { entries, versions, treeSize, terminal };
  const figure = el(
    "figure",
    { class: "search" },
    el(
      "div",
      { class: "wide", tabindex: 0, role: "region", "aria-label": "The search, drawn" },
      picture(drawn),
    ),
    legend(terminal !== undefined),
    el("details", {}, el("summary", {}, "The same as a table"), table(drawn)),
  );
  return figure;
}

/** What was found of a version in an entry; undefined: it was not looked up there. */
function outcome(e: Inspected, version: number) {
  const lookup = e.lookups.find((l) => l.version === version);
  if (lookup) return { included: lookup.included, depth: lookup.depth };
  const known = e.known.find((k) => k.version === version);
  return known && { included: known.included, depth: undefined };
}

function picture(d: Drawn): SVGElement {
  const digits = String(d.treeSize).length;
  const label = Math.max(46, 20 + digits * size.digit);
  const left = label + size.track + size.gap;
  const width = left + d.versions.length * size.column;
  const height = size.head + d.entries.length * size.row + 4;
  const found = d.terminal === undefined ? "" : ` Entry ${d.terminal} holds the version.`;
  return svg(
    "svg",
    {
      class: "ladder",
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: "img",
      "aria-label": `${d.entries.length} of ${d.treeSize} log entries were inspected.${found} The table below has every outcome.`,
    },
    svg("text", { class: "caption", x: 0, y: 14 }, "entry"),
    svg("text", { class: "caption", x: label, y: 14 }, "in the log"),
    ...d.versions.map((version, i) =>
      svg("text", { class: "column", x: left + (i + 0.5) * size.column, y: 14 }, `v${version}`),
    ),
    ...d.entries.flatMap((e, i) => row(d, e, size.head + i * size.row, label, width)),
  );
}

function row(d: Drawn, e: Inspected, top: number, label: number, width: number): SVGElement[] {
  const middle = top + size.row / 2;
  const isTerminal = e.position === d.terminal;
  const left = label + size.track + size.gap;
  const room = size.track - 10;
  const at = label + (d.treeSize > 1 ? (room * e.position) / (d.treeSize - 1) : room);
  return [
    svg("rect", {
      class: isTerminal ? "band terminal" : "band",
      x: 0,
      y: top + 1,
      width,
      height: size.row - 2,
      rx: 5,
    }),
    svg("text", { class: "entry", x: 8, y: middle + 4 }, String(e.position)),
    svg("path", { class: "track", d: `M${label} ${middle}h${room}` }),
    svg("path", { class: "tick", d: `M${at} ${middle - 7}v14` }),
    ...d.versions.flatMap((version, i) => mark(outcome(e, version), left + (i + 0.5) * size.column, middle)),
  ];
}

function mark(o: ReturnType<typeof outcome>, x: number, y: number): SVGElement[] {
  if (!o) return [];
  const kind = o.included ? "in" : "out";
  if (o.depth === undefined) return [svg("circle", { class: `${kind} settled`, cx: x, cy: y, r: 3.5 })];
  const circle = svg("circle", { class: kind, cx: x, cy: y, r: 8.5 });
  if (!o.included) return [circle, svg("path", { class: "strike", d: `M${x - 3.5} ${y}h7` })];
  return [circle, svg("path", { class: "check", d: `M${x - 3.8} ${y + 0.2}l2.8 2.8l4.8-5.6` })];
}

function legend(hasTerminal: boolean): HTMLElement {
  const item = (o: ReturnType<typeof outcome>, text: string) =>
    el(
      "li",
      {},
      svg(
        "svg",
        { class: "ladder", viewBox: "0 0 20 20", width: 20, height: 20, "aria-hidden": "true" },
        ...mark(o, 10, 10),
      ),
      text,
    );
  return el(
    "ul",
    { class: "legend" },
    item({ included: true, depth: 0 }, "proven to be in the entry"),
    item({ included: false, depth: 0 }, "proven not to be in it"),
    item({ included: true, depth: undefined }, "follows from entries before"),
    hasTerminal
      ? el("li", {}, el("span", { class: "swatch" }), "the entry where the search ends")
      : undefined,
  );
}

function table(d: Drawn): HTMLElement {
  const heads = ["Log entry", "Of", ...d.versions.map((v) => `Version ${v}`), "Root of its prefix tree"];
  return el(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "The search, table" },
    el(
      "table",
      {},
      el(
        "caption",
        {},
        "What was looked up, with the number of bits that each proof in the prefix tree goes down",
      ),
      el("thead", {}, el("tr", {}, ...heads.map((text) => el("th", { scope: "col" }, text)))),
      el("tbody", {}, ...d.entries.map((e) => tableRow(d, e))),
    ),
  );
}

function tableRow(d: Drawn, e: Inspected): HTMLElement {
  return el(
    "tr",
    { class: e.position === d.terminal && "marked" },
    el("th", { scope: "row" }, String(e.position)),
    el("td", {}, time(e.timestamp)),
    ...d.versions.map((version) => el("td", {}, outcomeWords(outcome(e, version)))),
    el("td", {}, code(encodeHex(e.prefixTree))),
  );
}

function outcomeWords(o: ReturnType<typeof outcome>): string {
  if (!o) return "–";
  const what = o.included ? "included" : "not included";
  return o.depth === undefined ? `${what}, known before` : `${what}, ${o.depth} bits`;
}
