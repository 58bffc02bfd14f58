/** The evidence files of testdata/vectors/evidence.json, and what they prove. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { repository } from "./programs.js";

/** One file. */
export interface EvidenceCase {
  readonly name: string;
  readonly content: Buffer;
  readonly expect: {
    readonly outcome: string;
    readonly configuration_sha256?: string;
    readonly log?: string;
  };
  /** The case is about what the reader knows, too. */
  readonly known: boolean;
}

interface Stored {
  readonly name: string;
  readonly file?: string;
  readonly of?: string;
  readonly edits?: readonly { readonly offset: number; readonly remove: number; readonly insert: string }[];
  readonly expected_configuration?: string;
  readonly expected_logs?: string[];
  readonly expect: EvidenceCase["expect"];
}

/** Reads all of them. */
export async function evidenceCases(): Promise<EvidenceCase[]> {
  const text = await readFile(join(repository, "testdata/vectors/evidence.json"), "utf8");
  const files = new Map<string, Buffer>();
  return (JSON.parse(text) as { cases: Stored[] }).cases.map((c) => {
    const content = edit(files.get(c.of ?? "") ?? Buffer.from(c.file ?? ""), c.edits ?? []);
    files.set(c.name, content);
    const known = c.expected_configuration !== undefined || c.expected_logs !== undefined;
    return { name: c.name, content, expect: c.expect, known };
  });
}

function edit(data: Buffer, edits: NonNullable<Stored["edits"]>): Buffer {
  const parts: Buffer[] = [];
  let done = 0;
  for (const e of edits) {
    parts.push(data.subarray(done, e.offset), Buffer.from(e.insert, "hex"));
    done = e.offset + e.remove;
  }
  return Buffer.concat([...parts, data.subarray(done)]);
}
