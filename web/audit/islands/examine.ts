/** Says what files are and what they prove, held against what is known of a directory. */
import type { Client } from "@ghostlight/client";
import { identify, type FileKind, type Identified } from "@ghostlight/client/evidence";
import { configurationSum, readConfiguration, readPolicyFile, sumOf, type Basis } from "./basis.js";
import { examineOffline, examineWithClient } from "./credentialresult.js";
import { code } from "./dom.js";
import { examineEvidence } from "./evidenceresult.js";
import { byBrowser, nothing, type Examined } from "./examined.js";
import { examineHeads, examineHeadsAlone } from "./headsresult.js";
import { sentence } from "./outcome.js";
import { examineProof } from "./proofresult.js";

/** A file that was read, and what it is. */
export interface Opened {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly is: Identified | { kind: "configuration"; encoded: Uint8Array } | { kind: "policy" };
}

/** What files are examined with. */
export interface Context {
  readonly basis: Basis;
  /** Of the directory of the page, which remembers heads; undefined in the page without a server. */
  readonly client: Client | undefined;
  /** In ms since 1970. */
  readonly now: number;
}

/** Says what a file is. Throws nothing. */
export function openFile(name: string, bytes: Uint8Array): Opened {
  const is = identify(bytes);
  if (is.kind !== "unknown") return { name, bytes, is };
  if (readPolicyFile(bytes)) return { name, bytes, is: { kind: "policy" } };
  const encoded = readConfiguration(bytes);
  return { name, bytes, is: encoded ? { kind: "configuration", encoded } : is };
}

/** Examines a file. `all` are those that were given, among which is the update of a credential. */
export async function examine(file: Opened, all: readonly Opened[], c: Context): Promise<Examined> {
  const { name, bytes, is } = file;
  switch (is.kind) {
    case "evidence":
      return examineEvidence(name, is.evidence, c.basis);
    case "tlog-proof":
      return examineProof(name, is.proof, c.basis);
    case "credential": {
      const update = updateFor(all);
      if (c.client) return examineWithClient(name, bytes, update?.bytes, c.client);
      return examineOffline(name, is.credential, update?.file, c.basis);
    }
    case "credential-update":
      return examineUpdate(name, all);
    case "heads":
      if (c.client) return examineHeads(name, bytes, c.client);
      return examineHeadsAlone(name, is.heads, c.basis, c.now);
    case "configuration":
      return examineConfiguration(name, is.encoded, c.basis);
    case "policy":
      return examinePolicy(name);
    case "damaged":
      return nothing(
        name,
        `It looks like ${kinds[is.as]}.`,
        "This file is damaged, or was changed.",
        is.reason,
      );
    case "unknown":
      return nothing(name, "A file.", "This is none of the files that can be verified here.", verifiable, {
        facts: [["Read as JSON", sentence(is.reason)]],
      });
  }
}

const kinds: Readonly<Record<FileKind, string>> = {
  evidence: "evidence",
  "tlog-proof": "a proof that an entry is in a public log",
  credential: "a credential",
  "credential-update": "the update of a credential",
  heads: "a list of distinguished heads",
};

/** What a file could be. */
const verifiable =
  "what can be verified is evidence of misbehaviour, a credential or the update of one, a proof that an entry is in a public log, and a list of distinguished heads; this file is none of these. If it should be one, get it again from whoever gave it to you";

/** The update among the files, if there is one only. */
function updateFor(all: readonly Opened[]) {
  const updates = all.flatMap(({ bytes, is }) =>
    is.kind === "credential-update" ? [{ bytes, file: is.update }] : [],
  );
  return updates.length === 1 ? updates[0] : undefined;
}

function examineUpdate(name: string, all: readonly Opened[]): Examined {
  const what = "The update of a credential.";
  if (!all.some(({ is }) => is.kind === "credential")) {
    return nothing(
      name,
      what,
      "This update waits for its credential.",
      "add the credential that it is about",
    );
  }
  return nothing(
    name,
    what,
    "This update proves nothing by itself.",
    "what it adds is in the verdict on the credential",
  );
}

function examineConfiguration(name: string, encoded: Uint8Array, basis: Basis): Examined {
  const what = "The configuration of a directory.";
  const [sum, known] = [sumOf(encoded), configurationSum(basis)];
  const facts = [["SHA-256", code(sum)] as const];
  if (known === sum) {
    const shown = {
      badge: "verified" as const,
      headline: `This is the configuration of ${basis.whose}.`,
      checkedBy: byBrowser,
    };
    return { name, what, shown, facts, unproven: [], steps: [] };
  }
  const headline =
    known === undefined ? "A configuration, of whoever." : `This is not the configuration of ${basis.whose}.`;
  return nothing(
    name,
    what,
    headline,
    "it proves nothing by itself. Compare its SHA-256 with what the operator publishes; once that is under “Hold files against”, other files are verified under it",
    {
      facts,
    },
  );
}

function examinePolicy(name: string): Examined {
  const why = "it says whose signatures count. To hold proofs against it, put it under “Hold files against”";
  return nothing(name, "A witness policy.", "A policy proves nothing by itself.", why);
}
