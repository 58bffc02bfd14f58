import { type Configuration, thirdPartyAuditing } from "./config.js";
import { Refusal } from "./errors.js";
import type { AuditorTreeHead } from "./head.js";
import * as logtree from "./logtree.js";
import type { Session } from "./session.js";
import { verifyAuditorTreeHead } from "./signature.js";
import type { View } from "./view.js";

/**
 * Verifies the auditor's head that came with an updated one, in a log whose rightmost entry has
 * the given timestamp: KEYTRANS, "Auditor Tree Head Signature". That its size is not beyond the
 * log's has been checked.
 *
 * Whose fault a Refusal "auditor" is does not follow: it is the log that passes the head on.
 */
export function verifyAuditor(s: Session, tree: logtree.LogTreeResult, rightmost: number): void {
  const { config, unaudited } = s.rules;
  const head = s.head.auditorTreeHead;
  if (config.mode !== thirdPartyAuditing || !head || unaudited) return;
  checkAuditorStart(config, s.view);
  checkAuditorLag(config, head, rightmost);
  const subtrees = tree.subtrees(head.treeSize);
  if (!subtrees)
    throw new Refusal("proof", "the root that the auditor signed does not follow from the proof");
  try {
    verifyAuditorTreeHead(config, head, logtree.root(head.treeSize, subtrees));
  } catch (e) {
    throw e instanceof Refusal ? new Refusal("auditor", e.message) : e;
  }
  s.walk.trace.push({
    step: "auditor",
    size: head.treeSize,
    timestamp: head.timestamp,
    auditorPublicKey: config.auditorPublicKey ?? new Uint8Array(),
  });
}

/** Checks that the present auditor began where one had been before, as far as the user knows. */
function checkAuditorStart(config: Configuration, view: View): void {
  if (view.head.treeSize === 0) return;
  // SPEC: verify that the tree_size of the AuditorTreeHead structure in the previous tree head
  // (which may be from a different auditor) is greater than or equal to auditor_start_pos for
  // the current auditor.
  const start = config.auditorStartPos ?? 0;
  if (!view.auditorTreeHead || view.auditorTreeHead.treeSize < start) {
    throw new Refusal("auditor", `nobody is known to have audited the entries before ${start}`);
  }
}

/** Checks that an auditor's head is not too old for a log whose rightmost entry has a timestamp. */
export function checkAuditorLag(config: Configuration, head: AuditorTreeHead, rightmost: number): void {
  const lag = rightmost - head.timestamp;
  if (lag < 0) throw new Refusal("auditor", "the auditor's head is of a time after the rightmost entry");
  if (lag > (config.maxAuditorLag ?? 0)) throw new Refusal("auditor", `the auditor lags ${lag} ms behind`);
}
