/** What a proof that an entry is in a public log proves (C2SP tlog-proof). */
import {
  encodeHex,
  mldsa44CosignatureType,
  parseLogEntry,
  verifyTLogProof,
  type Policy,
  type SignedCheckpoint,
  type TLogProof,
  type VerifyMldsa44,
} from "@ghostlight/client";
import type { Basis } from "./basis.js";
import { code, el, foreign, time, type Child } from "./dom.js";
import { byBrowser, nothing, reasonOf, type Examined, type Fact } from "./examined.js";

const what = "A proof that an entry is in a public log (C2SP tlog-proof).";

/** Verifies a proof under a policy, without any network. */
export async function examineProof(name: string, proof: TLogProof, basis: Basis): Promise<Examined> {
  const { policy } = basis;
  if (!policy) {
    const why = "it takes a witness policy, which says whose signatures count: add one";
    return nothing(name, what, "This proof waits for a policy.", why);
  }
  try {
    const entry = parseLogEntry(proof.extra ?? new Uint8Array());
    const signed = verifyTLogProof(proof, policy, proof.extra ?? new Uint8Array(), await mldsaFor(policy));
    return verified(name, proof, policy, entry, signed);
  } catch (failure) {
    const headline = "This proof does not verify under the policy.";
    const why = `${reasonOf(failure)}. It accuses nobody: it may be damaged, or of another log`;
    return nothing(name, what, headline, why);
  }
}

/** What verifies ML-DSA-44, if the policy has a witness that needs it: few have. */
async function mldsaFor(policy: Policy): Promise<VerifyMldsa44 | undefined> {
  if (!policy.witnesses.some((witness) => witness.key.type === mldsa44CosignatureType)) return undefined;
  return (await import("@ghostlight/client/mldsa")).verifyMldsa44;
}

function verified(
  name: string,
  proof: TLogProof,
  policy: Policy,
  entry: { readonly timestamp: number; readonly prefixTree: Uint8Array },
  signed: SignedCheckpoint,
): Examined {
  const alone = policy.quorum === "none";
  const size = `${signed.size} ${signed.size === 1 ? "entry" : "entries"}`;
  return {
    name,
    what,
    shown: {
      badge: "verified",
      headline: `Entry ${proof.index} is in the log ${signed.origin}.`,
      reason: alone
        ? "The log has signed that. The policy asks for no witness, so others may be shown another log."
        : `A quorum of witnesses (${policy.quorum}) has seen it there.`,
      checkedBy: [
        ...byBrowser,
        ...signed.cosignatures.map((c) => ({ kind: "witness", name: c.witness }) as const),
      ],
    },
    facts: [
      ["Log", code(signed.log.key.text)],
      ["Entry", `${proof.index}, of `, time(entry.timestamp)],
      ["Root of its prefix tree", code(encodeHex(entry.prefixTree))],
      ["In the state of", size],
      ["Seen by", witnesses(signed)],
    ].map(([term, ...value]) => [term as string, span(value as Child[])] satisfies Fact),
    unproven: [
      "Which labels and versions the entry’s prefix tree holds: a lookup proves that to who looks up.",
      "That the policy’s witnesses deserve trust, and are independent of each other.",
      ...(alone ? ["That others are shown the same log."] : []),
    ],
    steps: [
      "Read the proof, and refused everything in it that does not belong there.",
      `Verified the signature of the log ${signed.origin} on the checkpoint, and those of the policy’s witnesses.`,
      `Hashed the entry, and then its ${proof.hashes.length} neighbours up to the root in the checkpoint (RFC 6962).`,
    ],
  };
}

function span(children: readonly Child[]): Child {
  return el("span", {}, ...children);
}

function witnesses(signed: SignedCheckpoint): Child {
  if (signed.cosignatures.length === 0) return "no witness of the policy";
  const items = signed.cosignatures.map((c) => el("li", {}, foreign(c.witness), ", on ", time(c.time)));
  return el("ul", { class: "plain" }, ...items);
}
