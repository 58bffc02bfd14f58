import { accountKeyText, type Version as AccountVersion } from "../account/index.js";
import type { SeenValue, Standing } from "../client/state.js";
import type { History, Version } from "./history.js";

/** What was proven of a label in a check, while it goes on. */
export interface Facts extends History {
  /** How far back its versions matter, in ms. */
  since: number;
  /** Of versions. */
  readonly accounts: AccountVersion[];
  /** What lookups retained of the account key. */
  known: Standing | undefined;
  /** What a lookup handed out last. */
  seen: SeenValue | undefined;
  /** Bytes of the values of versions. */
  held: number;
  /** There is no older version to ask for. */
  done: boolean;
  /** Commitments to versions that were proven, also of those whose values were not had. */
  readonly commitments: Map<number, Uint8Array>;
}

export function newFacts(label: string, since: number): Facts {
  return {
    label,
    versions: [],
    complete: false,
    head: { treeSize: 0, root: "" },
    since,
    accounts: [],
    known: undefined,
    seen: undefined,
    held: 0,
    done: false,
    commitments: new Map(),
  };
}

/** The oldest version that is there. */
export function oldestOf(f: Facts): Version | undefined {
  return f.versions.at(-1);
}

/** The version with a number, if it is there. */
export function versionOf(f: Facts, number: number): Version | undefined {
  const newest = f.versions[0];
  return newest && f.versions[newest.number - number];
}

/**
 * Whether what came before the oldest version matters: it may have been created since the time
 * that matters, or nothing shows whether the label had an account key before. That a version is
 * signed by the key that it names shows nothing: whoever put in a key of their own signs with it.
 */
export function needsOlder(f: Facts): boolean {
  const v = oldestOf(f);
  return v !== undefined && (v.missing !== undefined || v.notAfter > f.since || !knows(f, v));
}

/**
 * Whether the account key of the label was followed, by an earlier lookup, up to the oldest
 * version that is there, or to the one before it; or that it has none, from the first version on.
 */
function knows({ known }: Facts, oldest: Version): boolean {
  if (!known || known.version + 1 < oldest.number) return false;
  return known.key !== undefined || (!known.from && !known.incomplete);
}

/** Notes that the account key of the oldest version stood when the label was last looked up. */
export function knewBefore(f: Facts, last: SeenValue | undefined): void {
  const key = f.accounts.at(-1)?.key;
  if (!last || !key || !f.known?.key || accountKeyText(key) !== f.known.key) return;
  f.before = { version: f.known.since ?? 0, key, notAfter: last.at };
}

/**
 * Passes the bounds of when versions were created on to their neighbours: no version was created
 * before a lower one, nor after a greater one.
 */
export function settleTimes({ versions }: Facts): void {
  versions.forEach((v, i) => {
    const above = versions[i - 1];
    if (above && above.notAfter < v.notAfter)
      Object.assign(v, { notAfter: above.notAfter, logEntry: above.logEntry });
  });
  for (const [i, v] of [...versions.entries()].reverse()) {
    const below = versions[i + 1];
    if (below?.notBefore !== undefined) raiseNotBefore(v, below.notBefore);
  }
}

/** Notes that a version was not created before a time. */
export function raiseNotBefore(v: Version, at: number): void {
  if (v.notBefore === undefined || v.notBefore < at) v.notBefore = at;
}
