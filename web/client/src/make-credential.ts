import { provisionalCredential, standardCredential, type Credential } from "./credentialformat.js";
import type { AuditorTreeHead } from "./head.js";
import type { SearchRequest } from "./requests.js";
import type { SearchResponse } from "./responses.js";
import { nodeValues } from "./session.js";
import type { Verifier } from "./verifier.js";
import type { CredentialResult } from "./verify-credential.js";
import type { SearchResult } from "./verify-search.js";
import type { View } from "./view.js";

/**
 * Makes a standard credential out of a verified search for the greatest version of a label, and
 * the response in which it was found: KEYTRANS, "Credentials". Undefined if the log's rightmost
 * distinguished entry does not contain the version, or if the search was for another version.
 */
export function makeStandardCredential(
  label: Uint8Array,
  r: SearchResult,
  p: SearchResponse,
): Credential | undefined {
  // The search begins at that entry, with a ladder that leaves nothing out.
  const [distinguished] = p.search.prefixProofs;
  if (r.monitor || p.version === undefined || !distinguished) return undefined;
  const { version, terminal: position } = r;
  const { opening, value, binaryLadder } = p;
  return { label, version, opening, value, binaryLadder, position, type: standardCredential, distinguished };
}

/**
 * Makes a provisional credential that relies on the recent distinguished entry with which the log
 * of `base` ends. It verifies the response to a search for the label's greatest version that was
 * sent with lastSize(base), at the time `now`. `auditor` is the auditor's head in the user's own
 * view, if there is one. Throws a Refusal if the response does not verify.
 *
 * The result is what a receiver learns. Its view is not the user's own: before the credential is
 * handed out, the two must be found to be of one log. Undefined if the log has not grown beyond
 * `base`, or if the version is included in the entry that `base` ends with.
 */
export function makeProvisionalCredential(
  verifier: Verifier,
  base: View,
  auditor: AuditorTreeHead | undefined,
  q: SearchRequest,
  p: SearchResponse,
  now: number,
): { credential: Credential; result: CredentialResult } | undefined {
  const { treeHead } = p.fullTreeHead;
  const { treeSize } = base.head;
  if (!treeHead || p.version === undefined) return undefined;
  const view: View = auditor ? { ...base, auditorTreeHead: auditor } : base;
  const r = verifier.search(view, q, p, now);
  if (r.terminal < treeSize) return undefined;
  // The proof of the same entries to a receiver who has no auditor's head to verify.
  const leaves = r.entries.map((e) => e.position);
  const inclusion = nodeValues(r.tree, r.view.head.treeSize, treeSize, leaves);
  if (!inclusion) throw new RangeError("the proof lacks a node that it was verified with");
  const { opening, value, binaryLadder } = p;
  const credential: Credential = {
    label: q.label,
    version: r.version,
    opening,
    value,
    binaryLadder,
    position: treeSize - 1,
    type: provisionalCredential,
    treeHead,
    search: { ...p.search, inclusion },
  };
  return { credential, result: verifier.credential([base], credential) };
}
