import { Failure } from "../failure.js";
import type { Verified } from "../session.js";
import { Refusal } from "../errors.js";
import type { Entry } from "../entry.js";
import type { PendingEntry, Proofs, State, Witnessing } from "./state.js";

/** How many verified entries wait for the witnesses at most. */
const maxPending = 10_000;

/** Retains what a response that was verified at the time now establishes of the log. */
export function proceed(next: State, v: Verified, now: number): void {
  if (next.witness)
    next.witness = addPending(
      next.witness,
      v.entries.map((e) => provenEntry(v, e, now)),
    );
  next.proofs = nextProofs(next.proofs, v);
  next.view = v.view;
}

/** An entry with a proof of its own under the signed head, which a response has for all together. */
function provenEntry(v: Verified, e: Entry, now: number): PendingEntry {
  const path = v.inclusion(e.position);
  if (!path) throw new Refusal("proof", `it does not give a proof of entry ${e.position} alone`);
  return { ...e, proof: { head: v.view.head, path }, firstSeen: now };
}

/** What proves the entries of the new frontier to others, if `old` are those of the one before. */
function nextProofs(old: Proofs, v: Verified): Proofs {
  const out = new Map<number, { head: Verified["view"]["head"]; path: readonly Uint8Array[] }>();
  for (const { position } of v.view.frontier) {
    const known = old.get(position);
    const path = known ? undefined : v.inclusion(position);
    if (known) out.set(position, known);
    else if (path) out.set(position, { head: v.view.head, path });
  }
  return out;
}

/** What is retained with more pending entries. */
function addPending(w: Witnessing, entries: readonly PendingEntry[]): Witnessing {
  const pending = mergePending(w.pending, entries);
  if (pending.length > maxPending) {
    const message = `${pending.length} log entries wait for the witnesses, more than ${maxPending}`;
    const hint = "see whether the directory's log and its witnesses are at work";
    throw new Failure("undecided", "keeping pending log entries", message, { hint });
  }
  return { ...w, pending };
}

/** Merges two lists. Of two elements for one entry it takes the one with a proof, and the earlier time. */
export function mergePending(
  old: readonly PendingEntry[],
  added: readonly PendingEntry[],
): readonly PendingEntry[] {
  const merged = new Map<number, PendingEntry>();
  for (const e of [...old, ...added]) {
    const known = merged.get(e.position);
    const firstSeen = Math.min(e.firstSeen, known?.firstSeen ?? e.firstSeen);
    merged.set(e.position, { ...(known?.proof ? known : e), firstSeen });
  }
  return [...merged.values()].sort((a, b) => a.position - b.position);
}
