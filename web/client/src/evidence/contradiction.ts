import { compareAnswers, type Answer } from "./answer.js";
import type { Evidence, Newcomer } from "./format.js";
import { contradicting, openLog, refuse, signedView, type Log } from "./log.js";
import { broken, remembered, rules, type Finding } from "./proof.js";
import { replayDistinguished, replayExchange } from "./replay.js";
import { emptyView, type View } from "../view.js";
import { verifyTreeHead } from "../signature.js";
import { encodeHex, equalBytes } from "../bytes.js";

/** Verifies a response that contradicts itself, or what was signed before it. */
export function verifyContradiction(e: Evidence): Finding {
  const l = openLog(e.configuration);
  const { retainedView, retainedConfiguration, operation, request, response } = e;
  let earlier: Answer[] = [];
  let answers: Answer[];
  try {
    if (e.earlier !== undefined) earlier = replayExchange(l, e.earlier, []);
    const exchange = { retainedView, retainedConfiguration, operation, request, response };
    answers = replayExchange(l, exchange, earlier);
  } catch (err) {
    return broken(err);
  }
  const found = compareAnswers(earlier, answers, l.config.maximumLifetime);
  if (found !== undefined) return { rule: rules.keeps, found };
  return remembered(e, "the response contradicts nothing that the directory signed and that is in the file");
}

/** Verifies two signed heads that cannot be of one log. */
export function verifyFork(e: Evidence): Finding {
  const l = openLog(e.configuration);
  const first: View[] = [];
  if (e.retainedView === undefined || e.fork === undefined) refuse("it has no two heads");
  if (e.retainedView.treeSize > 0) first.push(signedView(l, e.retainedView, e.retainedConfiguration));
  let second: View[];
  try {
    if (e.own !== undefined) first.push(...newcomer(l, e.own));
    second = newcomer(l, e.fork);
  } catch (err) {
    return broken(err);
  }
  const found = contradicting(first, second);
  if (found === undefined) refuse("the heads can be of one log");
  return { rule: rules.appendOnly, found: `two heads were both signed, and ${found}` };
}

/**
 * Returns the views that follow from what somebody without a view was shown: that of the log,
 * and those at its recent distinguished entries.
 */
function newcomer(log: Log, n: Newcomer): View[] {
  const r = replayDistinguished({ log, view: emptyView, request: n.request, response: n.response });
  return [r.view, ...r.recent];
}

/** Verifies two signed roots for one size. */
export function verifyTreeHeads(e: Evidence): Finding {
  const { config } = openLog(e.configuration);
  const [a, b] = e.heads ?? [];
  if (a === undefined || b === undefined || a.treeSize !== b.treeSize || equalBytes(a.root, b.root)) {
    refuse("it has no two roots of one size");
  }
  verifyTreeHead(config, a, a.root);
  verifyTreeHead(config, b, b.root);
  const found = `two roots were signed for the log of ${a.treeSize} entries: ${encodeHex(a.root)} and ${encodeHex(b.root)}`;
  return { rule: rules.oneHead, found };
}
