/** What somebody pastes of another person's distinguished heads, in whichever form. */

/** A head as it was printed. */
export interface PrintedHead {
  readonly position: number;
  /** In hexadecimal. */
  readonly root: string;
}

/** What a pasted text is. */
export type HeadsPaste =
  | { readonly kind: "empty" }
  /** It is for compareHeads: an export as a file, or as the text of a QR code. */
  | { readonly kind: "export"; readonly text: string }
  /** Lines as `kt heads` prints them, or a table of this page. */
  | { readonly kind: "printed"; readonly heads: readonly PrintedHead[] }
  /** One root, of which nobody says where it stands. */
  | { readonly kind: "root"; readonly root: string }
  | { readonly kind: "unknown" };

const exported = /^GHOSTLIGHT-HEADS-1:/i;

/** "log entry 7 of 2026-11-26T15:00:00Z, root 06…", with white space anywhere in the root. */
const printed = /log entry (\d{1,15})\b[^,]{0,64}, root ((?:[0-9a-f]\s*){64})(?![0-9a-f])/gi;

/** Says what a pasted text is. */
export function readHeads(text: string): HeadsPaste {
  const trimmed = text.trim();
  if (trimmed === "") return { kind: "empty" };
  if (exported.test(trimmed.replace(/\s+/g, "")) || trimmed.startsWith("{")) return { kind: "export", text };
  const heads = [...trimmed.matchAll(printed)].map(([, position = "", root = ""]) => ({
    position: Number(position),
    root: bareHex(root),
  }));
  if (heads.length > 0) return { kind: "printed", heads };
  const root = bareHex(trimmed);
  return /^[0-9a-f]{64}$/.test(root) ? { kind: "root", root } : { kind: "unknown" };
}

/** Hexadecimal digits without what people put between them. */
export function bareHex(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/[\s\p{P}\p{Z}\p{Cf}]+/gu, "")
    .toLowerCase();
}

/**
 * Printed heads as an export, for compareHeads. Whoever printed them did not say of which
 * directory they are: the reader takes them for heads of the one with this Configuration.
 */
export function exportOf(
  heads: readonly PrintedHead[],
  directory: string,
  configurationSha256: string,
): string {
  const sorted = [...heads].sort((a, b) => a.position - b.position);
  return JSON.stringify({
    format: "ghostlight-heads",
    version: 1,
    directory,
    configuration_sha256: configurationSha256,
    heads: sorted,
  });
}
