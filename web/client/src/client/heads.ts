import { sha256 } from "@noble/hashes/sha2.js";

import { encodeHex, equalBytes } from "../bytes.js";
import { Refusal } from "../errors.js";
import { Failure } from "../failure.js";
import { compareHeads as compareRoots } from "../heads.js";
import type { ComparedHeads, HeadsExport, HeadsResult, ListedHead, Witnessed } from "../results.js";
import { type Verdict, verdict } from "../verdict.js";
import { type View, viewsContradict } from "../view.js";
import { distinguished } from "./distinguished.js";
import { refused, usage } from "./errors.js";
import { accuseFork, asNewcomer, type Newcomer, newcomerRequest, verifyNewcomer } from "./fork.js";
import { countOf, headOf } from "./head.js";
import { decodeHeads, encodeHeadsFile, encodeHeadsText } from "./headsfile.js";
import type { Operation } from "./operation.js";
import { concluded } from "./settle.js";
import { qualify, qualifyRetained } from "./witnessed.js";

const comparing = "comparing distinguished heads";

/** The heads at the ends of views, from left to right. */
function listedHeads(recent: readonly View[]): ListedHead[] {
  return recent.map((view) => {
    const { treeSize, root, time } = headOf(view);
    return { position: treeSize - 1, time, root };
  });
}

/** See Client.heads. */
export async function heads(op: Operation, offline: boolean): Promise<HeadsResult> {
  let witness: Witnessed | undefined;
  if (!offline) ({ witness } = await concluded(op, () => distinguished(op)));
  const head = headOf(op.state.view);
  const reason = `the directory signed the log of ${countOf(head.treeSize, "entry", "entries")} that has these heads`;
  const v =
    head.treeSize > 0 ? verdict("verified", reason) : verdict("could not check", "nothing was verified yet");
  const qualified = offline ? qualifyRetained(op, v) : qualify(witness, v);
  return { heads: listedHeads(op.state.recent), head, verdict: qualified, witness };
}

/** See Client.exportHeads. */
export async function exportHeads(op: Operation, signed: boolean): Promise<HeadsExport> {
  const r = await heads(op, false);
  const step = "exporting the distinguished heads";
  if (r.heads.length === 0) {
    throw new Failure("undecided", step, "the directory has no distinguished log entry yet");
  }
  const configuration = encodeHex(sha256(op.env.configuration));
  const n = signed ? await newcomer(op) : undefined;
  const file = { configuration, heads: r.heads, signed: n };
  return {
    ...r,
    file: encodeHeadsFile(op.env.directory, file),
    text: encodeHeadsText(op.env.configuration, r.heads),
  };
}

async function newcomer(op: Operation): Promise<Newcomer> {
  try {
    return await asNewcomer(op);
  } catch (error) {
    const { view, proofs } = op.state;
    const request = newcomerRequest();
    const x = {
      operation: "distinguished",
      label: undefined,
      request,
      response: new Uint8Array(),
      view,
      proofs,
    };
    throw await refused(op, x, error);
  }
}

/**
 * See Client.compareHeads. Nothing is asked of anybody, unless the two contradict each other and
 * the other's are signed: then the directory is asked once more, for the evidence.
 */
export async function compareHeads(op: Operation, text: string): Promise<ComparedHeads> {
  const { heads: other, newcomer: n } = openHeads(op, text);
  const own = listedHeads(op.state.recent);
  const forked = n && viewsContradict(op.state.view, n.result.view);
  const found = forked === undefined ? compare(own, other) : { common: 0, contradiction: forked };
  const { common, contradiction } = found;
  if (contradiction !== undefined && n) throw await accuseFork(op, n, contradiction, comparing);
  const result = contradiction !== undefined ? "contradiction" : common > 0 ? "consistent" : "no overlap";
  return {
    result,
    common,
    signed: n !== undefined,
    own,
    other,
    head: headOf(op.state.view),
    otherHead: n && headOf(n.result.view),
    ...conclusions(contradiction, common),
  };
}

function conclusions(
  contradiction: string | undefined,
  common: number,
): { verdict: Verdict; hint: string | undefined } {
  if (contradiction !== undefined) {
    const why = `${contradiction}; the other list is not signed, so this is no proof against the directory: the list can have been made up`;
    return {
      verdict: verdict("changed", why),
      hint: "get the list again in another way, or one that is signed",
    };
  }
  if (common === 0) {
    const why = "the lists have no head in common: one is older than the other, or of another log";
    return { verdict: verdict("could not check", why), hint: "get both lists anew, and compare again" };
  }
  const why = `${countOf(common, "head is", "heads are")} the same: up to there, both were shown the same log`;
  return { verdict: verdict("verified", why), hint: undefined };
}

/** Reads another person's list. If the directory signed it, the heads are those that follow from that. */
function openHeads(
  op: Operation,
  text: string,
): { heads: readonly ListedHead[]; newcomer: Newcomer | undefined } {
  const undecided = (error: unknown) =>
    new Failure("undecided", comparing, (error as Error).message, { cause: error });
  let file;
  try {
    file = decodeHeads(text, op.env.configuration);
  } catch (error) {
    throw undecided(error);
  }
  if (file.configuration !== encodeHex(sha256(op.env.configuration))) {
    throw usage("the heads are of another directory, or of another configuration of this one");
  }
  if (!file.signed) return { heads: file.heads, newcomer: undefined };
  try {
    // It enters the evidence: whoever gave the file must not write into that.
    if (!equalBytes(file.signed.request, newcomerRequest())) {
      throw new Refusal("malformed", "the request in the file is not that of somebody without a view");
    }
    const n = verifyNewcomer(op, file.signed.response);
    return { heads: listedHeads(n.result.recent), newcomer: n };
  } catch (error) {
    throw undecided(error);
  }
}

/** Applies the rule of KEYTRANS, "Detecting Forks", and what the positions tell beyond it. */
function compare(
  own: readonly ListedHead[],
  other: readonly ListedHead[],
): { common: number; contradiction?: string } {
  const roots = new Map(own.map((h) => [h.position, h.root]));
  let common = 0;
  for (const h of other) {
    const root = roots.get(h.position);
    if (!root) continue;
    if (!equalBytes(root, h.root)) {
      return { common, contradiction: `the log that ends with entry ${h.position} has two roots` };
    }
    common++;
  }
  // SPEC: checking that each list is either a prefix or a suffix of the other, having at least one
  // root value in common. Lists must be the same size: the longer one is cut where the shorter one
  // begins or ends.
  const [a, b] = [overlap(own, other), overlap(other, own)];
  if (a.length !== b.length) {
    return { common, contradiction: "one list lacks a distinguished log entry that the other one has" };
  }
  const found = compareRoots({ heads: a }, { heads: b });
  if (found === "length") return { common: 0 }; // neither has anything there
  if (found === "disjoint")
    return { common, contradiction: "the lists have no root in common where both have heads" };
  if (found === "conflict") return { common, contradiction: "the lists agree in a root, and not beside it" };
  if (common < a.length) return { common, contradiction: "they have the same root at different log entries" };
  return { common };
}

/** The roots of a list in the range of positions that the other has, too. */
function overlap(list: readonly ListedHead[], other: readonly ListedHead[]): Uint8Array[] {
  const [first, last] = [other[0]?.position ?? 0, other.at(-1)?.position ?? -1];
  return list.filter((h) => h.position >= first && h.position <= last).map((h) => h.root);
}
