import { concat, decodeBase64, encodeBase64, encodeUtf8 } from "./bytes.js";
import {
  openCheckpoint,
  parseDecimal,
  requireQuorum,
  type SignedCheckpoint,
  type VerifyMldsa44,
} from "./checkpoint.js";
import { Refusal } from "./errors.js";
import { maxNoteSize } from "./note.js";
import type { Policy } from "./policy.js";
import { hashLeaf, verifyInclusion } from "./rfc6962.js";

/** Proves, offline, that an entry is in a log (C2SP tlog-proof). */
export interface TLogProof {
  /** The position of the entry. */
  index: number;
  /** The proof of inclusion, from the leaf's sibling upwards. */
  hashes: Uint8Array[];
  /** The signed checkpoint. */
  note: Uint8Array;
  /** Nothing vouches for it. In Ghostlight's proofs it is the entry itself. */
  extra?: Uint8Array;
}

/** The size in bytes of the largest proof that is read. */
export const maxProofSize = maxNoteSize + (128 << 10);

/** How long a line of a proof may be, without the newline. */
const maxLine = (64 << 10) - 1;

/** The first line of a proof. */
export const tlogProofHeader = "c2sp.org/tlog-proof@v1";

/** Returns the encoding of a proof. */
export function formatTLogProof(p: TLogProof): Uint8Array {
  const extra = p.extra === undefined ? [] : [`extra ${encodeBase64(p.extra)}`];
  const lines = [tlogProofHeader, ...extra, `index ${p.index}`, ...p.hashes.map(encodeBase64), "", ""];
  return concat(encodeUtf8(lines.join("\n")), p.note);
}

/** The inverse of formatTLogProof, which accepts nothing else. Throws a Refusal "malformed". */
export function parseTLogProof(data: Uint8Array): TLogProof {
  if (data.length > maxProofSize) throw malformed(`it has more than ${maxProofSize} bytes`);
  const lines = new Lines(data);
  if (lines.next() !== tlogProofHeader) throw malformed("its first line is another one");
  let line = lines.next();
  const hasExtra = line.startsWith("extra ");
  const extra = hasExtra ? { extra: decodeBase64(line.slice("extra ".length)) } : {};
  if (hasExtra) line = lines.next();
  if (!line.startsWith("index ")) throw malformed("it has no index");
  const index = parseDecimal(line.slice("index ".length));
  const hashes: Uint8Array[] = [];
  while ((line = lines.next()) !== "") {
    const hash = decodeBase64(line);
    if (hash.length !== 32) throw malformed("a hash has another length");
    hashes.push(hash);
  }
  const note = lines.rest();
  while (!lines.done) lines.next();
  return { index, hashes, note, ...extra };
}

function malformed(why: string): Refusal {
  return new Refusal("malformed", `not a proof that an entry is in a log: ${why}`);
}

/** Reads lines that end in a newline. */
class Lines {
  readonly #data: Uint8Array;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  get done(): boolean {
    return this.#at === this.#data.length;
  }

  /** Returns the next line, in which each byte is a character. */
  next(): string {
    const end = this.#data.indexOf(0x0a, this.#at);
    const line = this.#data.subarray(this.#at, Math.max(end, this.#at));
    if (end < 0 || line.length > maxLine || line.at(-1) === 0x0d)
      throw malformed("a line does not end as it must");
    this.#at = end + 1;
    let out = "";
    for (const b of line) out += String.fromCharCode(b);
    return out;
  }

  rest(): Uint8Array {
    return this.#data.subarray(this.#at);
  }
}

/**
 * Verifies that a proof proves entry to be in a log of the policy, in a checkpoint that a
 * quorum of the policy's witnesses has seen. Throws a Refusal: those of openCheckpoint,
 * "quorum", or "proof".
 */
export function verifyTLogProof(
  p: TLogProof,
  policy: Policy,
  entry: Uint8Array,
  mldsa44?: VerifyMldsa44,
): SignedCheckpoint {
  const signed = openCheckpoint(policy, p.note, mldsa44);
  requireQuorum(policy, signed);
  verifyInclusion(p.index, hashLeaf(entry), p.hashes, signed);
  return signed;
}
