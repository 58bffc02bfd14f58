/** How an answer was verified, step by step. */
import { encodeHex, type Step, type StepName, type TraceStep, type Witnessed } from "@ghostlight/client";
import { code, el, foreign, type Child } from "./dom.js";
import { fact } from "./keys.js";
import { drawSearch } from "./ladder.js";

/** What is told of an answer: parts of LookupResult and AbsentResult. */
export interface Traced {
  readonly steps: readonly Step[];
  readonly trace: readonly TraceStep[];
  readonly treeSize: number;
  /** The log entry in which the search ended; undefined for an absence. */
  readonly terminal: number | undefined;
  readonly witness: Witnessed | undefined;
}

/** The titles of steps. Those of "lookups" are in the drawing of the search. */
const titles: Readonly<Record<Exclude<StepName, "lookups">, string>> = {
  request: "The question",
  "search-keys": "Search keys",
  commitment: "The commitment to the value",
  search: "The search through the log",
  result: "What the search proves",
  "log-root": "The root of the log",
  signature: "The signature",
  time: "The age of the log’s head",
  monitoring: "What remains to be watched",
  witness: "The witnesses",
};

/** Describes how an answer was verified. */
export function describeTrace(t: Traced): HTMLElement[] {
  const lines: HTMLElement[] = [];
  let last: StepName | undefined;
  for (const step of t.steps) {
    if (step.name === "lookups") continue;
    const prose = proseOf(step.text);
    if (step.name === last) lines.at(-1)?.append(prose);
    else lines.push(el("li", {}, el("h3", {}, titles[step.name]), prose, ...dataOf(step.name, t)));
    last = step.name;
  }
  return [
    el("h2", {}, "How your browser verified this"),
    el(
      "p",
      {},
      "Nothing in these steps is taken from the server’s page: your browser computed each of them.",
    ),
    el("ol", { class: "trace" }, ...lines),
  ];
}

/** A sentence in which hashes stand out. */
function proseOf(text: string): HTMLElement {
  const parts = text.split(/\b([0-9a-f]{64})\b/);
  return el("p", {}, ...parts.map((part, i) => (i % 2 === 1 ? code(part) : part)));
}

/** What a step computed, beside its sentence. */
function dataOf(name: StepName, t: Traced): Child[] {
  switch (name) {
    case "search-keys":
      return [searchKeys(t.trace)];
    case "search":
      return [drawSearch(t.trace, t.treeSize, t.terminal)];
    case "signature":
      return [signatureFacts(t.trace)];
    case "witness":
      return [t.witness && witnesses(t.witness)];
    default:
      return [];
  }
}

function searchKeys(trace: readonly TraceStep[]): HTMLElement {
  const proofs = trace.filter((step) => step.step === "vrf");
  const heads = ["Version", "Search key (VRF output)", "Commitment"];
  const rows = proofs.map((p) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, String(p.version)),
      el("td", {}, code(encodeHex(p.output))),
      el("td", {}, p.commitment ? code(encodeHex(p.commitment)) : "not needed"),
    ),
  );
  return el(
    "details",
    {},
    el("summary", {}, "The search keys"),
    el(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "Search keys" },
      el(
        "table",
        {},
        el("thead", {}, el("tr", {}, ...heads.map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, ...rows),
      ),
    ),
  );
}

function signatureFacts(trace: readonly TraceStep[]): HTMLElement | undefined {
  const facts = trace.flatMap((step) => {
    if (step.step === "head") return fact("The directory’s key", code(encodeHex(step.signaturePublicKey)));
    if (step.step === "auditor") return fact("The auditor’s key", code(encodeHex(step.auditorPublicKey)));
    if (step.step === "value")
      return fact("The operator’s key for values", code(encodeHex(step.leafPublicKey)));
    return [];
  });
  return facts.length > 0 ? el("dl", { class: "facts small" }, ...facts) : undefined;
}

function witnesses(w: Witnessed): HTMLElement {
  const state = (good: boolean, yes: string, no: string) =>
    el("span", { class: "state", "data-state": good ? "good" : "warn" }, good ? yes : no);
  return el(
    "dl",
    { class: "facts small" },
    ...fact("Public log", foreign(w.origin)),
    ...fact("Quorum", w.quorum === "none" ? "no witness is required" : foreign(w.quorum)),
    ...fact(
      "Entries of this proof",
      state(w.settled, "all of them are there", `${w.pending.length} not yet seen there`),
    ),
    ...fact("Each witness, at present", el("div", { class: "signers" }, w.cosignedBy.join(", "))),
  );
}
