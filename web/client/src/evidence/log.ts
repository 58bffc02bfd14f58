import { equalBytes } from "../bytes.js";
import { encodeConfiguration, parseConfiguration, type Configuration } from "../config.js";
import { logEntryHash, type Entry } from "../entry.js";
import { Refusal } from "../errors.js";
import * as ibst from "../ibst.js";
import * as logtree from "../logtree.js";
import { verifyTreeHead } from "../signature.js";
import { Verifier } from "../verifier.js";
import { emptyView, viewRoot, viewsContradict, type View } from "../view.js";
import type { EntryProof, StoredView } from "./format.js";

/** A file that rests on the memory of whoever made it: it may be true, and proves nothing. */
export class Report extends Error {}

/** The log that has a Configuration. */
export interface Log {
  config: Configuration;
  encoded: Uint8Array;
  /** Verifies what the log has signed, whenever that was and whoever vouches for it. */
  verifier: Verifier;
}

export function openLog(encoded: Uint8Array): Log {
  const config = parseConfiguration(encoded);
  return { config, encoded, verifier: new Verifier(config).unaudited().timeless() };
}

/** Refuses evidence that is not what it would have to be. */
export function refuse(why: string): never {
  throw new Refusal("proof", why);
}

/**
 * Returns the same log under the Configuration of a time when it had another auditor, which
 * is undefined for the present one.
 */
export function under(l: Log, configuration: Uint8Array | undefined): Log {
  if (configuration === undefined || equalBytes(configuration, l.encoded)) return l;
  const other = openLog(configuration);
  const auditor = (c: Configuration) => [c.maxAuditorLag, c.auditorStartPos, c.auditorPublicKey] as const;
  const [maxAuditorLag, auditorStartPos, auditorPublicKey] = auditor(l.config);
  const same = { ...other.config };
  if (maxAuditorLag !== undefined && auditorStartPos !== undefined && auditorPublicKey !== undefined) {
    Object.assign(same, { maxAuditorLag, auditorStartPos, auditorPublicKey });
  }
  if (same.mode !== l.config.mode || !equalBytes(encodeConfiguration(same), l.encoded)) {
    refuse("a second configuration differs in more than its auditor");
  }
  return other;
}

/** Returns a stored view, of which nothing is verified. */
export function viewOf(v: StoredView): View {
  const { treeSize, signature, auditorTreeHead } = v;
  return {
    head: { treeSize, signature },
    subtrees: v.fullSubtrees,
    frontier: v.frontier.map(({ position, timestamp, prefixTree }) => ({ position, timestamp, prefixTree })),
    ...(auditorTreeHead && { auditorTreeHead }),
  };
}

/**
 * Returns a view whose head is signed: its full subtrees are what the log has, and not
 * necessarily its frontier. configuration is what it is signed under, if that is another one.
 */
export function signedView(l: Log, v: StoredView, configuration: Uint8Array | undefined): View {
  const signer = under(l, configuration);
  const n = v.treeSize;
  if (n === 0 || n > ibst.maxLogSize || v.fullSubtrees.length !== logtree.fullSubtrees(n).length) {
    refuse(`the retained view does not have the parts of a log of ${n} entries`);
  }
  const out = viewOf(v);
  verifyTreeHead(signer.config, out.head, viewRoot(out));
  return out;
}

/**
 * Returns a view of which every part is proven to be the log's. Throws a Report if there is
 * no proof of the frontier.
 */
export function provenView(l: Log, v: StoredView, configuration: Uint8Array | undefined): View {
  if (v.treeSize === 0) {
    if (v.fullSubtrees.length > 0 || v.frontier.length > 0) refuse("the view of an empty log has parts");
    return emptyView;
  }
  const out = signedView(l, v, configuration);
  if (v.frontier.length !== ibst.frontier(v.treeSize).length) {
    refuse(`the retained view does not have the frontier of a log of ${v.treeSize} entries`);
  }
  for (const e of v.frontier) {
    if (e.proof === undefined) {
      throw new Report(`nothing proves log entry ${e.position}, which was retained`);
    }
    verifyEntry(l, e, e.proof);
  }
  return out;
}

/** Verifies that a signed head covers a log entry. */
function verifyEntry(l: Log, e: Entry, p: EntryProof): void {
  const { treeSize, signature } = p;
  verifyTreeHead(under(l, p.configuration).config, { treeSize, signature }, entryRoot(e, treeSize, p.path));
}

/** Returns the root of the log of treeSize entries that the proof of an entry leads to. */
export function entryRoot(e: Entry, treeSize: number, path: Uint8Array[]): Uint8Array {
  if (treeSize > ibst.maxLogSize || e.position >= treeSize || path.length > 64) {
    refuse(`no log of ${treeSize} entries proves entry ${e.position}`);
  }
  const leaf = { position: e.position, value: logEntryHash(e) };
  return logtree.evaluate(treeSize, 0, [], [leaf], path).root;
}

/** Returns what two lists of views cannot both say of one log. */
export function contradicting(a: readonly View[], b: readonly View[]): string | undefined {
  for (const v of a) {
    for (const w of b) {
      const found = viewsContradict(v, w);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
