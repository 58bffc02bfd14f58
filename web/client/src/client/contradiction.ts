import { encodeAbsenceRequest } from "../extensions.js";
import type { Refusal } from "../errors.js";
import type { Failure } from "../failure.js";
import { encodeSearchRequest } from "../requests.js";
import { lastSize } from "../view.js";
import { verifying } from "./errors.js";
import { accuse, addEarlier, type EvidenceJson, contradictionEvidence, proves } from "./evidence.js";
import { labelBytes } from "./label.js";
import { keptExchange } from "./kept.js";
import type { Exchange, Operation } from "./operation.js";

/** Accuses the directory of what a response proves, be it by means of what was remembered. */
export async function contradiction(op: Operation, x: Exchange, error: Refusal): Promise<Failure> {
  return accuse(op, await proveContradiction(op, x, error), verifying(x), x.label);
}

/**
 * Looks for what proves it to others: the response itself, or its contradiction to the
 * exchange from which the client learned of the label. A response to monitoring shows
 * nothing by itself: in its place, the label is searched for once more.
 */
async function proveContradiction(op: Operation, x: Exchange, error: Refusal): Promise<EvidenceJson> {
  const e = contradictionEvidence(op, error, x);
  if (x.label === undefined || (await proves(op, e))) return e;
  const earlier = await keptExchange(op, x.label);
  if (!earlier) return e;
  const both = addEarlier(e, earlier);
  if (await proves(op, both)) return both;
  if (x.operation === "search" || x.operation === "absence") return both;
  for (const operation of ["search", "absence"]) {
    const again = await askAgain(op, operation, x.label);
    const other = again && addEarlier(contradictionEvidence(op, error, again), earlier);
    if (other && (await proves(op, other))) return other;
  }
  return both;
}

/**
 * Asks for the greatest version of a label, or that it has none, for the evidence only: nothing
 * is retained of the answer.
 */
async function askAgain(op: Operation, operation: string, label: string): Promise<Exchange | undefined> {
  const { view, proofs } = op.state;
  const q = { last: lastSize(view), label: labelBytes(label) };
  const request = operation === "search" ? encodeSearchRequest(q) : encodeAbsenceRequest(q);
  try {
    const response = await op.env.transport.post(operation, request, op.signal);
    return { operation, label, request, response, view, proofs };
  } catch {
    return undefined;
  }
}
