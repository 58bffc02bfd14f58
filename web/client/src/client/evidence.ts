import { encodeBase64, encodeHex } from "../bytes.js";
import { encodeConfiguration } from "../config.js";
import type { EvidenceFile } from "../results.js";
import type { Refusal } from "../errors.js";
import { Failure } from "../failure.js";
import type { View } from "../view.js";
import type { KeptExchange } from "./kept.js";
import type { Exchange, Operation } from "./operation.js";
import { seal, unseal } from "./record.js";
import type { Proofs } from "./state.js";

/** The kinds of docs/evidence.md that a client finds, and the rules that they break. */
const rules = {
  contradiction:
    'KEYTRANS, "Monitoring the Tree": searches for a version of a label continue to produce the same result',
  fork: 'KEYTRANS, "Updating Views of the Tree": a log contains all log entries that it has shown before',
  credential:
    'KEYTRANS, "Monitoring the Tree": searches for a version of a label continue to produce the same result',
  inconsistency:
    'C2SP tlog-checkpoint and RFC 6962, "Merkle Consistency Proofs": a log\'s later checkpoints continue the earlier ones',
  "log-entry": "Ghostlight, docs/log.md: the public log has the very log entries that the directory signs",
};

/** The rule that a contradiction breaks if a timestamp is out of order. */
const orderRule = 'KEYTRANS, "Updating Views of the Tree": the timestamps of log entries never fall';

/** What contradicts what: docs/evidence.md, "Kinds". */
export type EvidenceKind = keyof typeof rules;

/** The JSON of evidence, of which the fields are those of docs/evidence.md. */
export type EvidenceJson = Record<string, unknown>;

const base64 = encodeBase64;
const hexes = (list: readonly Uint8Array[]) => list.map(encodeHex);
/** A list of byte strings in base64. */
export const base64s = (list: readonly Uint8Array[]): string[] => list.map(base64);

/** A view with the proofs that there are, as evidence has it. */
export function viewJson(view: View, proofs: Proofs): EvidenceJson {
  const auditor = view.auditorTreeHead;
  return {
    tree_size: view.head.treeSize,
    signature: base64(view.head.signature),
    full_subtrees: hexes(view.subtrees),
    frontier: view.frontier.map((e) => {
      const p = proofs.get(e.position);
      const proof = p && {
        tree_size: p.head.treeSize,
        signature: base64(p.head.signature),
        path: hexes(p.path),
      };
      return { position: e.position, timestamp: e.timestamp, prefix_tree: encodeHex(e.prefixTree), proof };
    }),
    auditor_tree_head: auditor && {
      timestamp: auditor.timestamp,
      tree_size: auditor.treeSize,
      signature: base64(auditor.signature),
    },
  };
}

/** An exchange, as evidence has it. */
export function exchangeJson(x: Exchange): EvidenceJson {
  return {
    retained_view: viewJson(x.view, x.proofs),
    operation: x.operation,
    request: base64(x.request),
    response: base64(x.response),
  };
}

/** Begins the evidence that a response is. */
export function contradictionEvidence(op: Operation, error: Refusal, x: Exchange): EvidenceJson {
  const e = newEvidence(op, "contradiction", error.message, x);
  return error.detail === "order" ? { ...e, rule: orderRule } : e;
}

/** Begins evidence. What an exchange has nothing to do with shows the view of the state. */
export function newEvidence(op: Operation, kind: EvidenceKind, summary: string, x?: Exchange): EvidenceJson {
  const view = viewJson(x?.view ?? op.state.view, x?.proofs ?? op.state.proofs);
  return {
    summary,
    schema: "ghostlight/evidence/v1",
    class: "evidence",
    kind,
    rule: rules[kind],
    directory: op.env.directory,
    found_at: new Date(op.env.now()).toISOString(),
    configuration: base64(encodeConfiguration(op.env.config)),
    retained_view: view,
    ...(x && exchangeJson(x)),
  };
}

/** Adds the exchange from which the client learned of the label. */
export function addEarlier(e: EvidenceJson, kept: KeptExchange): EvidenceJson {
  return { ...e, earlier: exchangeJson(kept.exchange) };
}

const encode = (e: EvidenceJson): string => JSON.stringify(e, undefined, 2) + "\n";

/** Whether evidence proves something to everybody. */
export async function proves(op: Operation, e: EvidenceJson): Promise<boolean> {
  try {
    return await op.env.verifyEvidence(encode(e));
  } catch {
    return false;
  }
}

const format = "ghostlight-kept-evidence";

interface KeptEvidence {
  readonly file: EvidenceFile;
  /** What it is about, by which it is known again. */
  readonly about: string;
}

/**
 * Keeps the evidence, unless there is the same, and returns the failure that carries it.
 * `step` is how it was found, and the label what it is about. What does not prove the
 * finding to others becomes a report. The finding stands: this client knows what it verified.
 */
export async function accuse(op: Operation, e: EvidenceJson, step: string, label?: string): Promise<Failure> {
  const message = String(e["summary"]);
  const isProof = await proves(op, e);
  const file = fileOf(isProof ? e : asReport(op, e, label), op.env.now());
  const about = [e["kind"], file.class, message, label].join("\n");
  const kept = await keepEvidence(op, { file, about });
  const hint = isProof
    ? "keep the file and show it to others: it can be checked by anybody who has the directory's configuration"
    : "keep the file: it is a report, which rests on what this browser remembers and proves nothing to others";
  return new Failure("misbehaviour", step, message, { hint, evidence: kept });
}

/** Says that others cannot rely on it, and what was remembered. */
function asReport(op: Operation, e: EvidenceJson, label: string | undefined): EvidenceJson {
  const remembered = (v: unknown) => v && JSON.parse(seal("", 0, { label, ...v }).split("\n")[1] ?? "null");
  return {
    ...e,
    summary: `This is a report, which rests on the memory of the client that wrote it, and proves nothing to others. ${e["summary"]}`,
    class: "report",
    retained_contact: label === undefined ? undefined : remembered(op.state.contacts.get(label)),
    retained_owner: label === undefined ? undefined : remembered(op.state.owners.get(label)),
  };
}

function fileOf(e: EvidenceJson, now: number): EvidenceFile {
  const isAboutLabel = e["operation"] !== undefined && e["operation"] !== "distinguished";
  return {
    name: `evidence-${new Date(now).toISOString().replaceAll(/[-:]/g, "")}.json`,
    json: encode(e),
    class: e["class"] === "report" ? "report" : "evidence",
    private: isAboutLabel || e["credential"] !== undefined || e["retained_contact"] !== undefined,
  };
}

const maxEvidence = 100;

/** Returns what is kept of the same, if anything is. That it cannot be kept does not matter. */
async function keepEvidence(op: Operation, found: KeptEvidence): Promise<EvidenceFile> {
  const { store, directory } = op.env;
  try {
    const known = await listKept(op.env.store, directory);
    const same = known.find((k) => k.about === found.about);
    if (same) return same.file;
    if (known.length >= maxEvidence) return found.file;
    const key = `evidence ${directory} ${found.file.name} ${known.length}`;
    await store.write([{ key, text: seal(format, 1, found), revision: 0 }]);
  } catch {
    // The finding stands, whatever became of the file.
  }
  return found.file;
}

async function listKept(store: Operation["env"]["store"], directory: string): Promise<KeptEvidence[]> {
  const out: KeptEvidence[] = [];
  for (const key of await store.keys(`evidence ${directory} `)) {
    const record = await store.read(key);
    try {
      if (record) out.push(unseal<KeptEvidence>(format, 1, record.text));
    } catch {
      // What is damaged is no evidence.
    }
  }
  return out;
}

/** The evidence that is kept, newest first. */
export async function listEvidence(op: Operation): Promise<EvidenceFile[]> {
  return (await listKept(op.env.store, op.env.directory)).map((k) => k.file).reverse();
}
