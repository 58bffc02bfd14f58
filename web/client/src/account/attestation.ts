import { decodeBase64, equalBytes } from "../bytes.js";
import { Reader, Writer } from "../codec.js";
import { Refusal } from "../errors.js";
import type { AccountKey } from "./key.js";
import { Kind, verifyStatement } from "./statement.js";

/**
 * An owner's word of what he was shown of his own label: its greatest version, and the log in
 * which that was (docs/account.md, "Attestations").
 */
export interface Attestation {
  label: Uint8Array;
  /** The greatest version, and its commitment. */
  version: number;
  commitment: Uint8Array;
  /** Entries of the log. */
  treeSize: number;
  root: Uint8Array;
  /** By the owner's clock, in ms since 1970. */
  time: number;
}

/** The characters of the longest attestation. */
const maxLine = Math.ceil((1 + 1 + 255 + 4 + 32 + 8 + 32 + 8 + 1 + 255) / 3) * 4;

/**
 * Reads an attestation and checks that it is about a label and signed by a key, which is the
 * account key of the version that it names. How old it is, the caller decides.
 *
 * Throws a Refusal: of the kind "signature" if it is another label's or another key's.
 */
export function verifyAttestation(label: Uint8Array, key: AccountKey, line: string): Attestation {
  if (line.length > maxLine) throw new Refusal("malformed", "an attestation that is too long");
  const { attestation: a, signature } = parse(decodeBase64(line));
  if (!equalBytes(a.label, label)) throw new Refusal("signature", "the attestation is about another label");
  const statement = {
    kind: Kind.attestation,
    label,
    version: a.version,
    previous: new Uint8Array(32),
    body: a.commitment,
    detail: new Writer().u64(a.treeSize).hash(a.root).u64(a.time).bytes(),
  };
  if (!verifyStatement(statement, key, signature)) {
    throw new Refusal("signature", "the attestation is not signed by the account key");
  }
  return a;
}

function parse(data: Uint8Array): { attestation: Attestation; signature: Uint8Array } {
  const r = new Reader(data);
  if (r.u8("version") !== 1) r.fail("version of an attestation");
  const attestation = {
    label: r.opaque(1, "label"),
    version: r.u32("greatest"),
    commitment: r.hash("commitment"),
    treeSize: r.u64("tree_size"),
    root: r.hash("root"),
    time: r.u64("time"),
  };
  const signature = r.opaque(1, "signature");
  r.end();
  if (attestation.label.length === 0) r.fail("label");
  return { attestation, signature };
}
