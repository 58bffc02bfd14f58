import { encodeBase64 } from "../bytes.js";
import type { Failure } from "../failure.js";
import { encodeDistinguishedRequest } from "../requests.js";
import { parseDistinguishedResponse } from "../responses.js";
import type { DistinguishedResult } from "../verify-distinguished.js";
import { emptyView, viewsContradict } from "../view.js";
import { verifying } from "./errors.js";
import { accuse, type EvidenceJson, newEvidence, viewJson } from "./evidence.js";
import type { Exchange, Operation } from "./operation.js";

/** What the directory shows to somebody without a view. */
export interface Newcomer {
  readonly result: DistinguishedResult;
  readonly request: Uint8Array;
  readonly response: Uint8Array;
}

/** The request of somebody without a view. */
export const newcomerRequest = (): Uint8Array => encodeDistinguishedRequest({});

/**
 * Asks for the directory's head as somebody without a view does, and verifies the answer.
 * Nothing is retained of it.
 */
export async function asNewcomer(op: Operation): Promise<Newcomer> {
  const request = newcomerRequest();
  return verifyNewcomer(op, await op.env.transport.post("distinguished", request, op.signal));
}

/** Verifies the answer to the request of somebody without a view, of whatever time it is. */
export function verifyNewcomer(op: Operation, response: Uint8Array): Newcomer {
  const parsed = parseDistinguishedResponse(op.env.config, response);
  // Whoever vouches for a head and whenever it was made, the log has signed it.
  const verifier = op.env.verifier.unaudited().timeless();
  const result = verifier.distinguished(emptyView, {}, parsed, op.env.now());
  return { result, request: newcomerRequest(), response };
}

/** What somebody without a view was shown, as evidence has it. */
function newcomerJson(n: Newcomer): EvidenceJson {
  return {
    view: viewJson(n.result.view, new Map()),
    request: encodeBase64(n.request),
    response: encodeBase64(n.response),
  };
}

/**
 * Is called for an answer that does not continue the retained view: asks for the directory's
 * head as somebody without a view would be shown it. If that cannot be the head of a log that
 * continues the retained one, there are two signed heads of two logs. Returns undefined if
 * nothing is proven: a broken answer may have been made on the way.
 */
export async function checkFork(op: Operation, x: Exchange): Promise<Failure | undefined> {
  const old = op.state.view;
  if (old.head.treeSize === 0) return undefined;
  let fresh: Newcomer;
  try {
    fresh = await asNewcomer(op);
  } catch {
    return undefined;
  }
  const what = viewsContradict(old, fresh.result.view);
  return what === undefined ? undefined : accuseFork(op, fresh, what, verifying(x));
}

/** The failure for two signed heads of two logs. */
export async function accuseFork(op: Operation, n: Newcomer, what: string, step: string): Promise<Failure> {
  const e = newEvidence(
    op,
    "fork",
    `the directory shows two logs under one key: two heads were both signed, and ${what}`,
  );
  e["fork"] = newcomerJson(n);
  if (!viewsContradict(op.state.view, n.result.view)) {
    // Retained heads are not signed each: the response that they follow from is asked for again.
    const own = await asNewcomer(op).catch(() => undefined);
    if (own) e["own"] = newcomerJson(own);
  }
  return accuse(op, e, step);
}
