/** What a credential proves, to who has recent distinguished heads. */
import {
  decodeUtf8,
  encodeHex,
  isFinal,
  parseConfiguration,
  parseCredential,
  parseCredentialUpdate,
  provisionalContradicts,
  Refusal,
  Verifier,
  type CheckedCredential,
  type Client,
  type CredentialResult,
} from "@ghostlight/client";
import type { CredentialFile } from "@ghostlight/client/evidence";
import { sha256 } from "@noble/hashes/sha2.js";
import { configurationSum, sumOf, type Basis } from "./basis.js";
import { code, el, foreign, time } from "./dom.js";
import { byBrowser, nothing, reasonOf, type Examined } from "./examined.js";
import { shownFailure, shownOf } from "./outcome.js";
import type { Shown } from "./verdict.js";

/** What is said of a credential that verifies. */
interface Checked {
  readonly label: string;
  readonly version: number;
  readonly value: Uint8Array;
  readonly position: number;
  /** Of the distinguished log entry, in ms; undefined if that is not known. */
  readonly time: number | undefined;
  readonly final: boolean;
  readonly provisional: boolean;
  readonly heads: string;
  readonly newer?: number | undefined;
}

const what = "A credential: the keys of a label, for who does not ask the directory.";

/** Verifies a credential against the heads that this browser retains. Nobody is asked. */
export async function examineWithClient(
  name: string,
  file: Uint8Array,
  update: Uint8Array | undefined,
  client: Client,
): Promise<Examined> {
  try {
    const text = decodeUtf8(file);
    const c = await client.verifyCredential(text, ...(update ? [decodeUtf8(update)] : []));
    return describe(name, shownOf(c.verdict, headlines(c)), {
      ...c,
      provisional: c.type === "provisional",
      heads: "that this browser retains",
    });
  } catch (failure) {
    return { name, what, shown: shownFailure(failure), facts: [], unproven: [], steps: [] };
  }
}

/** Verifies a credential against heads that were given as a file. */
export function examineOffline(
  name: string,
  file: CredentialFile,
  update: CredentialFile | undefined,
  basis: Basis,
): Examined {
  const missing = missingFor(file, basis);
  if (missing) return nothing(name, what, ...missing);
  try {
    const checked = verify(file, update, basis);
    const badge = checked.final ? "verified" : "monitored";
    const shown: Shown = {
      badge,
      headline: headlines(checked)[badge],
      reason: checked.final
        ? "A distinguished log entry covers it, where the owner’s own monitoring meets it."
        : "No distinguished entry that was given here covers it yet: ask its sender for an update, and add that.",
      checkedBy: byBrowser,
    };
    return describe(name, shown, checked);
  } catch (failure) {
    return refused(name, failure);
  }
}

/** What has to be added before a credential can be verified: a headline and a reason. */
function missingFor(file: CredentialFile, basis: Basis): [string, string] | undefined {
  const sum = configurationSum(basis);
  if (sum !== undefined && sum !== file.configurationSha256) {
    const why = `it says that its configuration has the SHA-256 ${file.configurationSha256}`;
    return [`This is about another directory than ${basis.whose}.`, why];
  }
  if (!basis.configuration) {
    const why = `add the configuration with the SHA-256 ${file.configurationSha256}: what the directory serves at /v1/configuration, under “Hold files against”`;
    return ["This credential waits for its directory’s configuration.", why];
  }
  if (!basis.recent) {
    const why = "add what “kt heads export --signed” gave to you or to somebody whom you trust";
    return ["This credential waits for recent distinguished heads.", why];
  }
  return undefined;
}

function verify(file: CredentialFile, update: CredentialFile | undefined, basis: Basis): Checked {
  const config = parseConfiguration(basis.configuration ?? new Uint8Array());
  const recent = basis.recent?.heads ?? [];
  const verifier = new Verifier(config);
  const encoded = file.credential ?? new Uint8Array();
  const credential = parseCredential(config, encoded);
  const r = verifier.credential(recent, credential);
  const base = recent.find((view) => view.head.treeSize === credential.position + 1);
  const isOurs = update?.update && update.credentialSha256 === encodeHex(sha256(encoded));
  return {
    label: decodeUtf8(r.label),
    version: r.version,
    value: r.value.value,
    position: credential.position,
    time: base?.frontier.at(-1)?.timestamp,
    final: isFinally(verifier, r, recent, isOurs ? update.update : undefined),
    provisional: r.provisional !== undefined,
    heads: "in the export that was given",
  };
}

function isFinally(
  verifier: Verifier,
  { provisional }: CredentialResult,
  recent: NonNullable<Basis["recent"]>["heads"],
  update: Uint8Array | undefined,
): boolean {
  if (!provisional) return true;
  for (const view of recent) {
    const fault = provisionalContradicts(provisional, view);
    if (fault) throw new Refusal("misbehaviour", `the credential shows another log than the heads: ${fault}`);
  }
  if (isFinal(provisional, recent)) return true;
  if (!update) return false;
  try {
    verifier.credentialUpdate(provisional, recent, parseCredentialUpdate(update));
    return true;
  } catch (failure) {
    if (failure instanceof Refusal && failure.kind === "not-recent") return false; // it came early
    throw failure;
  }
}

/** What contradicts the heads is misbehaviour to who made sure of them, but not yet evidence for others. */
function refused(name: string, failure: unknown): Examined {
  if (failure instanceof Refusal && failure.kind === "misbehaviour") {
    const why = `${failure.message}. One of the two files is of another log: verify it with “kt credential verify”, which makes evidence if there is any`;
    return {
      ...nothing(name, what, "", why),
      shown: {
        badge: "changed",
        headline: "This credential and the heads contradict each other.",
        reason: `${why}.`,
        checkedBy: byBrowser,
      },
    };
  }
  const why = `${reasonOf(failure)}. It proves nothing: it is damaged, or has expired, or is of another log. Ask the sender to send it again`;
  return nothing(name, what, "This credential does not verify.", why);
}

function headlines(c: Pick<CheckedCredential, "label" | "version">) {
  return {
    verified: `Version ${c.version} of the label is proven, and it is the newest there.`,
    monitored: `Version ${c.version} of the label is proven for now.`,
  };
}

function describe(name: string, shown: Shown, c: Checked): Examined {
  const at = c.time === undefined ? [] : [", of ", time(c.time)];
  return {
    name,
    what,
    shown,
    facts: [
      ["Label", foreign(c.label)],
      ["Version", String(c.version)],
      ["SHA-256 of its value", code(sumOf(c.value))],
      ["Relies on", el("span", {}, `distinguished log entry ${c.position}`, ...at)],
      ...(c.newer === undefined
        ? []
        : [["Newer", `This browser has seen version ${c.newer}, so this one was replaced.`] as const]),
    ],
    unproven: [
      "That it is the newest version still: it was when that log entry was the last one.",
      "Who is behind the label: compare fingerprints with the person.",
      ...(c.final ? [] : ["That the version stays: its sender has to provide an update."]),
    ],
    steps: [
      `Took the root of the log at entry ${c.position} from the distinguished heads ${c.heads}.`,
      "Verified the search keys of the label’s versions (VRF), and that the value opens the commitment.",
      c.provisional
        ? "Verified the signed head in the credential, and the search from the distinguished entry on."
        : "Verified the search in the prefix tree of that entry: it has this version, and none after it.",
      ...(c.provisional && c.final ? ["Verified that a later distinguished entry has it, too."] : []),
    ],
  };
}
