/** What this browser does on each visit: it monitors what it looked up, and looks up again what it follows. */
import {
  badgeOf,
  verdictOf,
  type Badge,
  type Failure,
  type OperationOptions,
  type Seen,
  type Unexpected,
} from "@ghostlight/client";
import { readFollowed } from "./followlist.js";
import type { Session } from "./view.js";

/** A label that this browser remembers. */
export interface Remembered {
  readonly label: string;
  readonly owned: boolean;
  readonly followed: boolean;
  /** The greatest version that is known; undefined: none. */
  readonly version: number | undefined;
  readonly badge: Badge;
  readonly reason: string;
  /** What was seen before, if a followed label has another value now. */
  readonly before: Seen | undefined;
  readonly unexpected: readonly Unexpected[];
  readonly failure: Failure | undefined;
}

/** The labels that are remembered, as long as nothing was found out about them. It asks nobody. */
export async function rememberedLabels(session: Session): Promise<Remembered[]> {
  const { contacts, owned } = await session.client.labels();
  const followed = await readFollowed(session);
  return [...new Set([...owned, ...contacts, ...followed])].map((label) => ({
    label,
    owned: owned.includes(label),
    followed: followed.includes(label),
    version: undefined,
    badge: "unchecked",
    reason: "it was not checked on this visit",
    before: undefined,
    unexpected: [],
    failure: undefined,
  }));
}

/** Does a round. Rejects with a Failure if the log itself could not be checked. */
export async function runRound(session: Session, options: OperationOptions): Promise<Remembered[]> {
  const { client } = session;
  const { reports } = await client.watch(options);
  const followed = await readFollowed(session);
  const remembered = new Map<string, Remembered>();
  for (const r of reports) {
    const before = remembered.get(r.label);
    if (before?.owned) continue; // what was found out as its owner says more
    remembered.set(r.label, {
      label: r.label,
      owned: r.role === "owner",
      followed: followed.includes(r.label),
      version: r.version,
      badge: badgeOf(r.verdict.outcome),
      reason: r.verdict.reason,
      before: undefined,
      unexpected: r.unexpected,
      failure: r.failure,
    });
  }
  await lookAgain(session, followed, remembered, options);
  return [...remembered.values()].sort(
    (a, b) => Number(b.owned) - Number(a.owned) || (a.label < b.label ? -1 : 1),
  );
}

/** Looks up again what is followed and not owned, unless monitoring it has failed. */
async function lookAgain(
  session: Session,
  followed: readonly string[],
  remembered: Map<string, Remembered>,
  options: OperationOptions,
): Promise<void> {
  const labels = followed.filter((label) => {
    const r = remembered.get(label);
    return !r?.owned && !r?.failure;
  });
  if (labels.length === 0) return;
  for (const { label, result, failure } of await session.client.lookupMany(labels, options)) {
    const verdict = result ? result.verdict : verdictOf(failure);
    remembered.set(label, {
      label,
      owned: false,
      followed: true,
      version: result?.kind === "found" ? result.version : undefined,
      badge: badgeOf(verdict.outcome),
      reason: verdict.reason,
      before: result?.kind === "found" ? result.before : undefined,
      unexpected: [],
      failure,
    });
  }
}
