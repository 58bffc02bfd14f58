import { encodeHex, encodeUtf8, equalBytes } from "../bytes.js";
import { openCheckpoint, type SignedCheckpoint } from "../checkpoint.js";
import { parseConfiguration } from "../config.js";
import { parseLogEntry, type LogEntry } from "../entry.js";
import { parsePolicy, type Policy } from "../policy.js";
import { parsePrefixProof } from "../prefixproof.js";
import { proofRoot } from "../prefixtree.js";
import { hashLeaf, verifyConsistency, verifyInclusion } from "../rfc6962.js";
import { verifyTreeHead } from "../signature.js";
import { parseTLogProof, verifyTLogProof } from "../tlogproof.js";
import type { EntryConflict, Evidence, Inconsistency, LeafSearch } from "./format.js";
import { entryRoot, openLog, refuse, Report } from "./log.js";
import { rules, type Finding } from "./proof.js";

/** Returns a policy that knows one log, by its key, and requires no witness. */
export function logPolicy(key: string): Policy {
  const p = parsePolicy(encodeUtf8(`log ${key}\nquorum none\n`));
  if (p.logs.length !== 1 || p.logs[0]?.key.text !== key || p.witnesses.length > 0) {
    refuse("it is not the key of one log");
  }
  return p;
}

/** Refuses hashes of another length: pieces could be the same bytes, cut elsewhere. */
function checkHashes(...hashes: Uint8Array[]): void {
  for (const h of hashes) if (h.length !== 32) refuse(`a hash has ${h.length} bytes`);
}

/** Verifies two signed checkpoints of which neither continues the other. */
export function verifyInconsistency(e: Evidence): Finding {
  const i = e.inconsistency ?? refuse("it has no checkpoints");
  const policy = logPolicy(e.log);
  const older = openCheckpoint(policy, i.older);
  const newer = openCheckpoint(policy, i.newer);
  checkInconsistency(i, older, newer);
  const found = `the log ${newer.origin} signed a state of ${older.size} entries and one of ${newer.size} that does not continue it`;
  return { rule: rules.checkpoint, found };
}

function checkInconsistency(i: Inconsistency, older: SignedCheckpoint, newer: SignedCheckpoint): void {
  if (older.size === 0 || older.size > newer.size) refuse("the first checkpoint is not the older one");
  if (equalBytes(i.rootAtOlder, older.root)) refuse("the older checkpoint has the very root");
  checkHashes(i.rootAtOlder, ...i.proof);
  verifyConsistency({ size: older.size, root: i.rootAtOlder }, newer, i.proof);
}

/** A log entry of which it was verified that it is in the public log. */
interface ProvenEntry extends LogEntry {
  index: number;
  signed: SignedCheckpoint;
}

function openEntry(policy: Policy, text: string): ProvenEntry {
  const proof = parseTLogProof(encodeUtf8(text));
  const extra = proof.extra ?? new Uint8Array();
  const signed = verifyTLogProof(proof, policy, extra);
  return { ...parseLogEntry(extra), index: proof.index, signed };
}

function checkSame(a: ProvenEntry, b: ProvenEntry): void {
  const [x, y] = [a.signed, b.signed];
  if (x.origin !== y.origin || x.size !== y.size || !equalBytes(x.root, y.root)) {
    refuse("the entries are in two checkpoints");
  }
}

/** Verifies two successive log entries of which the second is older. */
export function verifyTimestamps(e: Evidence): Finding {
  const policy = logPolicy(e.log);
  const [first = "", second = ""] = e.entries ?? [];
  const before = openEntry(policy, first);
  const after = openEntry(policy, second);
  checkSame(before, after);
  if (after.index !== before.index + 1) refuse(`entry ${after.index} does not follow entry ${before.index}`);
  if (before.timestamp <= after.timestamp) refuse("the second entry is not older");
  const found = `in the log of ${after.signed.size} entries, entry ${after.index} has the time ${after.timestamp} ms, and entry ${before.index} before it ${before.timestamp} ms`;
  return { rule: rules.monotonic, found };
}

/** Verifies a log entry that is another one in the public log. */
export function verifyLogEntry(e: Evidence): Finding {
  const { config } = openLog(e.configuration);
  const c = e.logEntry ?? refuse("it has no log entry");
  checkPublic(c, openCheckpoint(logPolicy(e.log), c.checkpoint));
  if (c.treeSize === 0) throw new Report("it has no signed head of the directory over the entry");
  const entry = { ...parseLogEntry(c.logEntry), position: c.index };
  checkHashes(...c.path);
  const { treeSize, signature } = c;
  verifyTreeHead(config, { treeSize, signature }, entryRoot(entry, treeSize, c.path));
  const found = `log entry ${c.index} is one in the log of ${treeSize} entries that the directory signed, and another in its public log`;
  return { rule: rules.oneHistory, found };
}

/** Verifies that the public log has another leaf than the log entry. */
function checkPublic(c: EntryConflict, signed: SignedCheckpoint): void {
  checkHashes(c.leafHash, ...c.inclusion);
  if (equalBytes(c.leafHash, hashLeaf(c.logEntry))) refuse("the log has the very entry");
  verifyInclusion(c.index, c.leafHash, c.inclusion, signed);
}

/** Verifies that a leaf of the prefix tree is gone, or has another commitment. */
export function verifyPrefixTree(e: Evidence): Finding {
  const config = parseConfiguration(e.configuration);
  const policy = logPolicy(e.log);
  const c = e.prefixTree ?? refuse("it has no leaf");
  const before = openLeaf(policy, c.before, c.searchKey);
  const after = openLeaf(policy, c.after, c.searchKey);
  const [had, has] = [c.before.commitment, c.after.commitment];
  checkSame(before, after);
  if (before.index >= after.index) refuse(`entry ${after.index} does not come after entry ${before.index}`);
  if (had === undefined) refuse(`entry ${before.index} does not have the leaf`);
  const key = encodeHex(c.searchKey);
  if (has !== undefined) {
    if (equalBytes(has, had)) refuse("both entries have the very leaf");
    const found = `the leaf with the search key ${key} has one commitment in log entry ${before.index}, and another in entry ${after.index}`;
    return { rule: rules.leavesStay, found };
  }
  if (config.maximumLifetime !== undefined) {
    refuse("the log has a maximum lifetime, and the leaf may have gone for its age");
  }
  const found = `log entry ${before.index} has the leaf with the search key ${key}, and entry ${after.index} lacks it`;
  return { rule: rules.leavesStay, found };
}

/** Returns the log entry in whose prefix tree the search ends as s says. */
function openLeaf(policy: Policy, s: LeafSearch, searchKey: Uint8Array): ProvenEntry {
  const entry = openEntry(policy, s.entry);
  const root = proofRoot(parsePrefixProof(s.proof), [searchKey], [s.commitment]);
  if (!equalBytes(root, entry.prefixTree)) {
    refuse(`the search is not one in the prefix tree of entry ${entry.index}`);
  }
  return entry;
}
