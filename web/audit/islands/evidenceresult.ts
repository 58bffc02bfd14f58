/** What evidence proves, and against whom. */
import {
  isPrivate,
  verifyEvidence,
  type Evidence,
  type EvidenceVerdict,
  type Proof,
} from "@ghostlight/client/evidence";
import { configurationSum, isPair, logKeys, type Basis } from "./basis.js";
import { code, foreign } from "./dom.js";
import { kindWords, neverProven } from "./evidencewords.js";
import { byBrowser, nothing, type Examined, type Fact } from "./examined.js";
import { sentence } from "./outcome.js";

/** Whom a proof is against, seen from what is known. */
export type Accused =
  /** The directory that is known. */
  | { readonly kind: "known" }
  /** Nothing is known to compare with: whoever has the Configuration or log key. */
  | { readonly kind: "unnamed" }
  | { readonly kind: "another"; readonly why: string }
  /** It rests on a Configuration and a log key that are not known to be of one directory. */
  | { readonly kind: "unpaired" };

/** Verifies evidence, and holds whom it accuses against what is known. Throws nothing. */
export function examineEvidence(name: string, e: Evidence, basis: Basis): Examined {
  const what = `Evidence: ${kindWords[e.kind].what}.`;
  const found = verifyEvidence(e);
  if (found.outcome !== "proven") return unproven(name, what, e, found);
  const { proof } = found;
  const accused = accusedOf(proof, basis);
  const told = { facts: factsOf(e, proof), steps: stepsOf(proof, accused, basis) };
  switch (accused.kind) {
    case "another":
      return nothing(name, what, `This is about another directory than ${basis.whose}.`, accused.why, told);
    case "unpaired": {
      const why =
        "it proves something only against a directory that has both this configuration and this log, and nothing here says that one has: name both, and a policy with that log alone";
      return nothing(name, what, "It is not known that this is about one directory.", why, told);
    }
  }
  return { name, what, ...told, shown: shownProof(proof, accused, basis), unproven: unprovenBy(accused) };
}

/** Holds whom a proof accuses against what is known: as `kt evidence verify` does. */
export function accusedOf(proof: Proof, basis: Basis): Accused {
  const { configurationSha256: sum, log } = proof;
  const [known, logs] = [configurationSum(basis), logKeys(basis)];
  if (sum !== undefined && known !== undefined && sum !== known)
    return { kind: "another", why: `its configuration has the SHA-256 ${sum}` };
  if (log !== undefined && logs && !logs.includes(log))
    return { kind: "another", why: `its log has the key ${log}` };
  if (sum !== undefined && log !== undefined) return isPair(basis) ? { kind: "known" } : { kind: "unpaired" };
  if (sum !== undefined ? known !== undefined : logs) return { kind: "known" };
  if (known === undefined && !logs) return { kind: "unnamed" };
  const why =
    sum === undefined
      ? `it accuses the log ${log ?? ""}, which is not known to be that directory’s: add its policy`
      : `it accuses who has the configuration with the SHA-256 ${sum}, which is not known to be of that log’s directory: add it`;
  return { kind: "another", why };
}

function shownProof(proof: Proof, accused: Accused, basis: Basis): Examined["shown"] {
  const who = accused.kind === "known" ? basis.whose : "whoever has what is named below";
  return {
    badge: "misbehaviour",
    headline: `This proves misbehaviour of ${who}.`,
    reason: sentence(proof.found),
    checkedBy: byBrowser,
  };
}

function unprovenBy(accused: Accused): string[] {
  const whose =
    "Whose configuration or log this is. Anybody can make a directory and have it misbehave: compare what is named here with what the operator publishes.";
  return accused.kind === "unnamed" ? [whose, ...neverProven] : [...neverProven];
}

function factsOf(e: Evidence, proof: Proof): Fact[] {
  return [
    ["Rule that was broken", proof.rule],
    ...(proof.configurationSha256 === undefined
      ? []
      : [["Against who has the configuration, SHA-256", code(proof.configurationSha256)] as const]),
    ...(proof.log === undefined ? [] : [["Against the log", code(proof.log)] as const]),
    ...fileSays(e),
  ];
}

/** What nobody vouches for. */
function fileSays(e: Evidence): Fact[] {
  const facts: Fact[] = [];
  if (e.summary !== "") facts.push(["The file says, which nothing vouches for", foreign(e.summary)]);
  if (e.directory !== "") facts.push(["It names the directory", foreign(e.directory)]);
  if (e.foundAt !== "") facts.push(["It says it was found", foreign(e.foundAt)]);
  if (isPrivate(e))
    facts.push(["Private", "It has, or may have, a label or a value in it: think before you pass it on."]);
  return facts;
}

function stepsOf(proof: Proof, accused: Accused, basis: Basis): string[] {
  const held: Record<Accused["kind"], string> = {
    known: `Held whom it accuses against what is known of ${basis.whose}: it is the same.`,
    another: `Held whom it accuses against what is known of ${basis.whose}: it is another one.`,
    unnamed: "Nothing was given to hold whom it accuses against.",
    unpaired: "Looked for a directory that is known to have both: there is none here.",
  };
  return [
    "Read the file, and refused everything in it that does not belong there.",
    kindWords[proof.kind].how,
    held[accused.kind],
  ];
}

function unproven(
  name: string,
  what: string,
  e: Evidence,
  v: Exclude<EvidenceVerdict, { outcome: "proven" }>,
): Examined {
  const more = { facts: fileSays(e) };
  if (v.outcome !== "report") return nothing(name, what, "This file proves nothing.", v.reason, more);
  const why = `${v.reason}. It may be true all the same: ask who made it, and look the same thing up yourself`;
  return nothing(name, what, "This is a report, which proves nothing to others.", why, more);
}
