import { sha256 } from "@noble/hashes/sha2.js";

import { accountKeyText, stands } from "../account/index.js";
import { decodeBase64, encodeBase64, encodeHex } from "../bytes.js";
import {
  type Credential,
  type CredentialUpdate,
  parseCredential,
  parseCredentialUpdate,
  standardCredential,
} from "../credentialformat.js";
import { Refusal } from "../errors.js";
import { Failure } from "../failure.js";
import type { CheckedCredential } from "../results.js";
import { type Verdict, verdict } from "../verdict.js";
import {
  type CredentialResult,
  isFinal,
  type Provisional,
  provisionalContradicts,
} from "../verify-credential.js";
import type { View } from "../view.js";
import { announces, judgeAlone, readValue } from "./account.js";
import { failureOf, usage } from "./errors.js";
import { accuse, addEarlier, exchangeJson, newEvidence, proves, viewJson } from "./evidence.js";
import { headOf } from "./head.js";
import { checkLabel, labelText } from "./label.js";
import { keptDistinguished, keptExchange } from "./kept.js";
import { checkContact, describeSeen } from "./lookup.js";
import { stepAccount } from "./older.js";
import type { Operation } from "./operation.js";
import { readObject, stringField } from "./strictjson.js";
import { describeWitnessed, overdueFailure, qualifyRetained } from "./witnessed.js";

const maxFile = 4 << 20;
const step = "verifying the credential";

/** A credential and its encoding. */
interface Parsed {
  readonly credential: Credential;
  readonly encoded: Uint8Array;
}

/** See Client.verifyCredential. Nobody is asked, and nothing is retained. */
export async function verifyCredential(
  op: Operation,
  file: string,
  update?: string,
): Promise<CheckedCredential> {
  const parsed = readFile(op, file);
  const { credential } = parsed;
  const label = textOf(credential.label);
  const base = op.state.recent.find((v) => v.head.treeSize === credential.position + 1);
  try {
    const r = op.env.verifier.credential(op.state.recent, credential);
    checkSeen(op, label, r);
    const final =
      !r.provisional || verifyFinally(op, r.provisional, update && readUpdate(op, update, parsed));
    refuseAccount(op, label, r);
    // It rests on heads that the witnesses may not have seen.
    const late = overdueFailure(describeWitnessed(op, undefined));
    if (late) throw late;
    return describe(op, label, credential, r, base, final);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.kind === "misbehaviour" && base) throw await accuseCredential(op, parsed, base, label, error);
    throw rejectedCredential(error);
  }
}

function rejectedCredential(error: Refusal): Failure {
  const hint =
    error.kind === "not-recent"
      ? "the credential has expired, or relies on a log entry that this browser has not heard of: get the distinguished heads anew, or ask the sender for a new one"
      : "it proves nothing: it is damaged, or forged, or of another log. Ask the sender to send it again";
  return new Failure("undecided", step, error.message, { hint, cause: error });
}

function textOf(label: Uint8Array): string {
  try {
    const text = labelText(label);
    checkLabel(text);
    return text;
  } catch {
    throw new Failure("undecided", "reading the credential", "its label is none");
  }
}

/** Reads the file of a credential of this directory. Throws a Failure. */
function readFile(op: Operation, file: string): Parsed {
  return parsing(() => {
    const fields = ["configuration_sha256", "credential"];
    const object = readObject(file, maxFile, ["ghostlight-credential"], fields);
    checkConfiguration(op, stringField(object, "configuration_sha256"));
    const encoded = decodeBase64(stringField(object, "credential"));
    return { credential: parseCredential(op.env.config, encoded), encoded };
  });
}

/** Reads the file of an update of a credential. Throws a Failure. */
function readUpdate(op: Operation, file: string, of: Parsed): CredentialUpdate {
  return parsing(() => {
    const fields = ["configuration_sha256", "credential_sha256", "update"];
    const object = readObject(file, maxFile, ["ghostlight-credential-update"], fields);
    checkConfiguration(op, stringField(object, "configuration_sha256"));
    if (stringField(object, "credential_sha256") !== encodeHex(sha256(of.encoded))) {
      throw usage("the update is of another credential");
    }
    return parseCredentialUpdate(decodeBase64(stringField(object, "update")));
  });
}

function parsing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof Refusal ? failureOf(error, "reading the credential") : error;
  }
}

function checkConfiguration(op: Operation, sum: string): void {
  if (sum === encodeHex(sha256(op.env.configuration))) return;
  throw usage("the file is of another directory, or of another configuration of this one");
}

/** Holds a verified credential against what this client saw of the label before. */
function checkSeen(op: Operation, label: string, r: CredentialResult): void {
  const contact = op.state.contacts.get(label);
  if (contact) checkContact(contact, describeSeen(r.version, r.commitment, r.value.value, 0), false);
}

/** Whether nothing remains to be verified. Throws a Refusal "misbehaviour" if the credential is of another log. */
function verifyFinally(op: Operation, p: Provisional, update: CredentialUpdate | "" | undefined): boolean {
  for (const view of [op.state.view, ...op.state.recent]) {
    const what = provisionalContradicts(p, view);
    if (what) {
      throw new Refusal(
        "misbehaviour",
        `the credential shows another log than this client was shown: ${what}`,
      );
    }
  }
  if (isFinal(p, op.state.recent)) return true;
  if (!update) return false;
  try {
    op.env.verifier.credentialUpdate(p, op.state.recent, update);
    return true;
  } catch (error) {
    if (error instanceof Refusal && error.kind === "not-recent") return false; // it came early
    throw error;
  }
}

/** Refuses a version that the label's account key did not sign, as far as what is retained shows that. */
function refuseAccount(op: Operation, label: string, r: CredentialResult): void {
  const s = op.state.contacts.get(label)?.account;
  if (!s) return;
  const { version } = readValue(label, r.version, r.commitment, r.value.value);
  const since = s.since ?? 0;
  const status = judgeAlone(s, version);
  const key = version.key && accountKeyText(version.key);
  if (s.key !== undefined && r.version < since && key !== s.key) {
    const message = `since version ${since} the label has another account key than in version ${r.version}, if that had one: its keys are refused`;
    throw new Failure("undecided", stepAccount, message);
  }
  if (stands(status)) return;
  if (r.version <= s.version && announces(version, s.key) && status === "unconnected") {
    const message = `version ${r.version} announces another account key, and what it has beside that cannot be held against the version before it: its keys are refused`;
    throw new Failure("undecided", stepAccount, message);
  }
  const hint =
    "look the label up, which asks for the versions in between; if that refuses it, too, ask the owner by other means";
  const why =
    status === "unconnected"
      ? "signed by an account key that does not follow from the one known before"
      : "not signed by the label's account key";
  throw new Failure("attention", stepAccount, `version ${r.version} is ${why}: its keys are refused`, {
    hint,
  });
}

function describe(
  op: Operation,
  label: string,
  c: Credential,
  r: CredentialResult,
  base: View | undefined,
  final: boolean,
): CheckedCredential {
  const seen = op.state.contacts.get(label)?.seen;
  return {
    label,
    version: r.version,
    value: r.value.value,
    type: c.type === standardCredential ? "standard" : "provisional",
    position: c.position,
    time: base ? headOf(base).time : 0,
    final,
    terminal: r.provisional?.terminal.position,
    newer: seen && seen.version > r.version ? seen.version : undefined,
    verdict: qualifyRetained(op, credentialVerdict(c, r, final)),
  };
}

function credentialVerdict(c: Credential, r: CredentialResult, final: boolean): Verdict {
  const p = r.provisional;
  if (!p) {
    return verdict(
      "verified",
      `version ${r.version} is the greatest in distinguished log entry ${c.position}, where its owner's monitoring meets it`,
    );
  }
  const first = `version ${r.version}, first in log entry ${p.terminal.position}, is`;
  if (final)
    return verdict(
      "verified",
      `${first} covered by a distinguished log entry, where its owner's monitoring meets it`,
    );
  return verdict(
    "verified, still being monitored",
    `${first} not covered yet by a distinguished log entry that this browser knows of; the credential's sender has to provide an update then`,
  );
}

/** The failure for a credential that contradicts what the directory signed. Nothing is asked of the directory for it. */
async function accuseCredential(
  op: Operation,
  c: Parsed,
  base: View,
  label: string,
  error: Refusal,
): Promise<Failure> {
  const none = new Map();
  const e = newEvidence(op, "credential", error.message);
  const kept = await keptDistinguished(op);
  e["credential"] = {
    credential: encodeBase64(c.encoded),
    base: viewJson(base, none),
    recent_distinguished: op.state.recent.map((v) => viewJson(v, none)),
    ...(kept && { distinguished: exchangeJson(kept) }),
  };
  const earlier = (await proves(op, e)) ? undefined : await keptExchange(op, label);
  return accuse(op, earlier ? addEarlier(e, earlier) : e, step, label);
}
