import { decodeUtf8 } from "../bytes.js";
import { Refusal } from "../errors.js";
import { parseTLogProof, tlogProofHeader, type TLogProof } from "../tlogproof.js";
import { evidenceOf } from "./check.js";
import {
  credentialFileOf,
  credentialFormat,
  credentialUpdateFormat,
  maxCredentialSize,
  type CredentialFile,
} from "./credentialfile.js";
import { evidenceSchema, maxEvidenceSize, type Evidence } from "./format.js";
import {
  headsFileOf,
  headsFormat,
  headsTextOf,
  maxHeadsSize,
  parseHeadsText,
  type HeadsFile,
} from "./headsfile.js";
import { parseJson } from "./json.js";

/** What a file is, and what it has. Nothing of it is verified. */
export type Identified =
  | { kind: "evidence"; evidence: Evidence }
  | { kind: "tlog-proof"; proof: TLogProof }
  | { kind: "credential"; credential: CredentialFile }
  | { kind: "credential-update"; update: CredentialFile }
  | { kind: "heads"; heads: HeadsFile }
  /** It begins or calls itself like one of these, and is none. */
  | { kind: "damaged"; as: FileKind; reason: string }
  | { kind: "unknown"; reason: string };

export type FileKind = "evidence" | "tlog-proof" | "credential" | "credential-update" | "heads";

/** Says what a file is that somebody dropped. Throws nothing. */
export function identify(file: Uint8Array): Identified {
  const begin = String.fromCharCode(...file.subarray(0, tlogProofHeader.length));
  if (begin === tlogProofHeader) {
    return reading("tlog-proof", () => ({ kind: "tlog-proof", proof: parseTLogProof(file) }));
  }
  const text = file.length <= maxHeadsSize ? headsText(file) : undefined;
  if (text !== undefined) return reading("heads", () => ({ kind: "heads", heads: parseHeadsText(text) }));
  let value: unknown;
  try {
    value = parseJson(file, maxEvidenceSize);
  } catch (e) {
    return { kind: "unknown", reason: reasonOf(e) };
  }
  return identifyJson(value, file.length);
}

function headsText(file: Uint8Array): string | undefined {
  try {
    return headsTextOf(decodeUtf8(file));
  } catch {
    return undefined;
  }
}

function identifyJson(value: unknown, size: number): Identified {
  const { schema, format } = (value ?? {}) as { schema?: unknown; format?: unknown };
  const limited = <T>(limit: number, read: (value: unknown) => T): T => {
    if (size > limit) throw new Refusal("malformed", `it has more than ${limit} bytes`);
    return read(value);
  };
  if (schema === evidenceSchema) {
    return reading("evidence", () => ({ kind: "evidence", evidence: evidenceOf(value) }));
  }
  switch (format) {
    case credentialFormat:
      return reading("credential", () => ({
        kind: "credential",
        credential: limited(maxCredentialSize, credentialFileOf),
      }));
    case credentialUpdateFormat:
      return reading("credential-update", () => ({
        kind: "credential-update",
        update: limited(maxCredentialSize, credentialFileOf),
      }));
    case headsFormat:
      return reading("heads", () => ({ kind: "heads", heads: limited(maxHeadsSize, headsFileOf) }));
  }
  return { kind: "unknown", reason: "it is JSON, and not of a format that is known" };
}

function reading(as: FileKind, read: () => Identified): Identified {
  try {
    return read();
  } catch (e) {
    return { kind: "damaged", as, reason: reasonOf(e) };
  }
}

function reasonOf(e: unknown): string {
  if (e instanceof Refusal) return e.message;
  throw e;
}
