import {
  evidenceSchema,
  maxEvidenceSize,
  readEvidence,
  type Evidence,
  type EvidenceKind,
  type StoredView,
} from "./format.js";
import { malformed, parseJson } from "./json.js";

/** What a kind of evidence rests on. */
interface Needs {
  configuration?: boolean;
  log?: boolean;
  view?: boolean;
}

const needs = new Map<EvidenceKind, Needs>([
  ["contradiction", { configuration: true, view: true }],
  ["fork", { configuration: true, view: true }],
  ["inconsistency", { log: true }],
  ["log-entry", { configuration: true, log: true }],
  ["credential", { configuration: true, view: true }],
  ["tree-heads", { configuration: true }],
  ["timestamps", { log: true }],
  ["trees-differ", { configuration: true, log: true }],
  ["prefix-tree", { configuration: true, log: true }],
]);

/** Returns what a kind of evidence rests on, undefined if there is no such kind. */
export const needsOf = (kind: EvidenceKind): Needs | undefined => needs.get(kind);

/** What has one element for each level of a log. */
const maxEntries = 64;

/** The views in one file. */
const maxViews = 4096;

/**
 * Parses an evidence file, which has nothing after it and no fields that are not known.
 * It proves nothing before verifyEvidence. Throws a Refusal "malformed".
 */
export function parseEvidence(data: Uint8Array): Evidence {
  return evidenceOf(parseJson(data, maxEvidenceSize));
}

/** As parseEvidence, of JSON that is parsed. */
export function evidenceOf(value: unknown): Evidence {
  const e = readEvidence(value);
  const problem = checkHead(e) ?? checkParts(e) ?? checkViews(e);
  if (problem !== undefined) throw malformed(`evidence: ${problem}`);
  return e;
}

function checkHead(e: Evidence): string | undefined {
  if (e.schema !== evidenceSchema) return `its schema is not ${evidenceSchema}`;
  if (!["", "evidence", "report"].includes(e.class)) return "its class is neither evidence nor report";
  const k = needs.get(e.kind);
  if (k === undefined) return "its kind is not known";
  if (k.configuration && e.configuration.length === 0) return "it has no configuration";
  if (k.log && e.log === "") return "it has no key of a log";
  if (k.view && e.retainedView === undefined) return "it has no retained view";
  return undefined;
}

/** Verifies that e has what its kind is about, and nothing that another kind is about. */
function checkParts(e: Evidence): string | undefined {
  const isExchange = e.operation !== "" && e.request.length > 0 && e.response.length > 0;
  const has: [EvidenceKind, boolean][] = [
    ["contradiction", e.kind === "contradiction" && isExchange],
    ["fork", e.fork !== undefined],
    ["inconsistency", e.inconsistency !== undefined],
    ["log-entry", e.logEntry !== undefined],
    ["credential", e.credential !== undefined],
    ["tree-heads", e.heads?.length === 2],
    ["timestamps", e.entries?.length === 2],
    ["trees-differ", e.trees !== undefined],
    ["prefix-tree", e.prefixTree !== undefined],
  ];
  const isWrong =
    has.some(([kind, is]) => is !== (kind === e.kind)) ||
    (e.own !== undefined && e.fork === undefined) ||
    (e.heads !== undefined && e.heads.length !== 2) ||
    (e.entries !== undefined && e.entries.length !== 2) ||
    (e.earlier !== undefined && e.kind !== "contradiction" && e.kind !== "credential");
  return isWrong ? `its kind is ${e.kind}, which does not have what it has` : undefined;
}

/** Verifies that the views in e are there and not too large. */
function checkViews(e: Evidence): string | undefined {
  const c = e.credential;
  if (e.earlier !== undefined && e.earlier.retainedView === undefined) {
    return "the earlier exchange has no retained view";
  }
  if (c?.distinguished !== undefined && c.distinguished.retainedView === undefined) {
    return "the exchange of the distinguished heads has no retained view";
  }
  if (c !== undefined && (c.base === undefined || c.recentDistinguished.length > maxViews)) {
    return "a view of the credential is missing, or there are too many";
  }
  const views = [
    e.retainedView,
    e.fork?.view,
    e.own?.view,
    e.earlier?.retainedView,
    c?.base,
    c?.distinguished?.retainedView,
    ...(c?.recentDistinguished ?? []),
  ];
  const isLarge = (v: StoredView | undefined) =>
    v !== undefined && (v.frontier.length > maxEntries || v.fullSubtrees.length > maxEntries);
  return views.some(isLarge) ? "a view has too many parts" : undefined;
}

/**
 * Reports whether e has, or may have, a label or a value in it: then it is not for
 * everybody to see.
 */
export function isPrivate(e: Evidence): boolean {
  return (
    e.credential !== undefined ||
    e.earlier !== undefined ||
    e.retainedContact !== undefined ||
    e.retainedOwner !== undefined ||
    (e.operation !== "" && e.operation !== "distinguished")
  );
}
