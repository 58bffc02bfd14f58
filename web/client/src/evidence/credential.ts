import { parseCredential, parseCredentialUpdate, type Credential } from "../credentialformat.js";
import { Refusal } from "../errors.js";
import { provisionalContradicts, type CredentialResult } from "../verify-credential.js";
import { recentAt, type Recent } from "../verify-distinguished.js";
import { rightmostEntry, type View } from "../view.js";
import { compareAnswers, type Answer } from "./answer.js";
import { openExchange } from "./exchange.js";
import type { CredentialParts, Evidence } from "./format.js";
import { openLog, refuse, Report, signedView, under, viewOf, type Log } from "./log.js";
import { broken, remembered, rules, type Finding } from "./proof.js";
import { replayDistinguished, replayExchange } from "./replay.js";

/** What a credential is verified against. */
interface Ground {
  /** Views that the log has signed, or that follow from what it signed. */
  signed: View[];
  /** Those of them at distinguished log entries. */
  recent: Recent;
  /** The log that the credential relies on. */
  base: View;
  /** base is in recent, too. */
  proven: boolean;
}

/** Verifies a credential that an honest log cannot have made. */
export function verifyCredentialEvidence(e: Evidence): Finding {
  const parts = e.credential;
  if (parts?.base === undefined || e.retainedView === undefined) refuse("it has no credential");
  const log = openLog(e.configuration);
  const signer = under(log, parts.configuration);
  const credential = parseCredential(signer.config, parts.credential);
  const signed =
    e.retainedView.treeSize > 0 ? [signedView(log, e.retainedView, e.retainedConfiguration)] : [];
  const ground: Ground = { signed, recent: [], base: viewOf(parts.base), proven: false };
  const found = openRecent(log, parts, credential, ground);
  if (found !== undefined) return found;
  let result: CredentialResult;
  try {
    result = signer.verifier.credential([ground.base], credential);
  } catch (err) {
    if (ground.proven) return broken(err);
    throw err;
  }
  return compare(e, parts, log, signer, ground, result);
}

/**
 * Replays the exchange that the recent distinguished heads follow from, and finds the log that
 * the credential relies on.
 */
function openRecent(l: Log, parts: CredentialParts, c: Credential, g: Ground): Finding | undefined {
  const x = parts.distinguished;
  if (x === undefined) return undefined;
  const replay = openExchange(l, x);
  if (x.operation !== "distinguished") refuse("the recent distinguished heads follow from another operation");
  try {
    const r = replayDistinguished(replay);
    g.recent = r.recent;
    g.signed.push(r.view, ...r.recent);
  } catch (err) {
    return broken(err);
  }
  const base = recentAt(g.recent, c.position);
  if (base !== undefined) Object.assign(g, { base, proven: true });
  return undefined;
}

/** Holds a credential that verifies against all else. */
function compare(
  e: Evidence,
  parts: CredentialParts,
  log: Log,
  signer: Log,
  g: Ground,
  r: CredentialResult,
): Finding {
  const p = r.provisional;
  for (const v of p === undefined ? [] : g.signed) {
    const what = p && provisionalContradicts(p, v);
    if (what !== undefined) {
      return { rule: rules.appendOnly, found: `the log has signed a credential and a head, and ${what}` };
    }
  }
  if (!g.proven) throw new Report("nothing proves the head that the credential relies on");
  if (parts.update !== undefined && p !== undefined) {
    const u = parseCredentialUpdate(parts.update);
    try {
      signer.verifier.credentialUpdate(p, g.recent, u);
    } catch (err) {
      if (!(err instanceof Refusal)) throw err;
      if (err.kind === "misbehaviour") return { rule: rules.keeps, found: err.message };
    }
  }
  if (e.earlier !== undefined) {
    const earlier = replayExchange(log, e.earlier, []);
    const found = compareAnswers(earlier, [answerOf(g, r)], log.config.maximumLifetime);
    if (found !== undefined) return { rule: rules.keeps, found };
  }
  return remembered(
    e,
    "the credential contradicts nothing that the directory signed and that is in the file",
  );
}

/** Returns what a verified credential says of its label. */
function answerOf(g: Ground, r: CredentialResult): Answer {
  const view = r.provisional?.verified.view ?? g.base;
  return {
    label: r.label,
    size: view.head.treeSize,
    time: rightmostEntry(view).timestamp,
    commitments: new Map([[r.version, r.commitment]]),
    keys: new Map(),
    bounded: true,
    greatest: r.version,
  };
}
