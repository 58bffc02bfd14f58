import { accountKeyText, stands, type AccountKey } from "../account/index.js";
import { diff, type Change, type Description } from "../keyset/index.js";
import type { History, Version } from "./history.js";
import type { Identities } from "./identity.js";
import { sortedTexts } from "./order.js";
import type { Span } from "./span.js";

/** What plainly took the place of what between two versions, by what identifies the old and the new key. */
export interface Replacements {
  byOld: Map<string, Change>;
  byNew: Map<string, Change>;
}

/**
 * A time during which a label had a key. Versions are by their place in the timeline. From
 * `earliest` on, it may have come; `from` is the first known to have it, and `last` the last.
 * `to` is the first after that known not to have it: undefined if there is none. The places
 * differ if values could not be had.
 */
export interface Run {
  id: string;
  key: Description;
  earliest: number;
  from: number;
  last: number;
  to: number | undefined;
  endorsed: boolean;
}

/** A Run that has ended. */
export type Ended = Run & { to: number };

export function ended(r: Run): r is Ended {
  return r.to !== undefined;
}

/** No version is known that lacked the key before. */
export function isBase(r: Run): boolean {
  return r.earliest === 0;
}

/** What a place in the timeline has. It is never asked for another one. */
function at<T>(list: readonly T[], i: number): T {
  if (i < 0 || i >= list.length) throw new RangeError("no such place in a timeline");
  return list[i] as T;
}

/** A label's history, oldest version first. Requires that it has a version. */
export class Timeline {
  readonly history: History;
  readonly versions: readonly Version[];
  readonly created: readonly Span[];
  /** Of each version, by what identifies them; undefined if the value could not be had. */
  readonly keys: readonly (ReadonlyMap<string, Description> | undefined)[];
  /** In order of from, then of id. */
  readonly runs: readonly Run[];
  /** Versions of which better bounds could show that they are the owner's doing. */
  readonly unsure: number[] = [];
  readonly #endorsed: boolean[];
  readonly #ids: Identities;
  readonly #byID = new Map<string, Run[]>();
  readonly #replaced = new Map<string, Replacements>();

  /** verified is when the user last verified the owner; Infinity if never. */
  constructor(h: History, ids: Identities, window: number, verified: number) {
    this.history = h;
    this.#ids = ids;
    this.versions = [...h.versions].reverse();
    this.created = tightened(this.versions);
    this.keys = this.versions.map((v) =>
      v.missing === undefined ? new Map(v.keys.map((d) => [ids.of(d), d])) : undefined,
    );
    this.#endorsed = endorse(this, window, verified);
    this.runs = findRuns(this.keys, this.#endorsed);
    for (const r of this.runs) this.#byID.set(r.id, [...this.runsOf(r.id), r]);
  }

  version(i: number): Version {
    return at(this.versions, i);
  }

  span(i: number): Span {
    return at(this.created, i);
  }

  /** The keys of a version; none if they could not be had. */
  keysOf(i: number): ReadonlyMap<string, Description> {
    return at(this.keys, i) ?? new Map();
  }

  endorsed(i: number): boolean {
    return at(this.#endorsed, i);
  }

  get last(): number {
    return this.versions.length - 1;
  }

  get newest(): Version {
    return this.version(this.last);
  }

  /** What the oldest version has, it had from version 0 on. */
  get isNew(): boolean {
    return this.version(0).number === 0;
  }

  /** The keys of the newest version; undefined if it has no key set. */
  get present(): ReadonlyMap<string, Description> | undefined {
    return this.newest.set && this.keys[this.last];
  }

  /** When a run began. */
  came(r: Run): Span {
    return { lo: this.span(r.earliest).lo, hi: this.span(r.from).hi };
  }

  /** When a run ended. */
  went(r: Ended): Span {
    return { lo: this.span(r.last + 1).lo, hi: this.span(r.to).hi };
  }

  /** The runs of a key, oldest first. */
  runsOf(id: string): Run[] {
    return this.#byID.get(id) ?? [];
  }

  /** The run of a key that a version is part of. */
  runAt(id: string, version: number): Run | undefined {
    return this.runsOf(id).find((r) => r.from <= version && version <= r.last);
  }

  /** The first version after a place whose keys may be used. */
  stoodAgain(i: number): number | undefined {
    const next = this.versions.findIndex((v, j) => j > i && stands(v.account));
    return next < 0 ? undefined : next;
  }

  replacements(old: number, now: number): Replacements {
    const place = `${old} ${now}`;
    let r = this.#replaced.get(place);
    if (!r) {
      r = { byOld: new Map(), byNew: new Map() };
      for (const c of diff(this.version(old).keys, this.version(now).keys).replaced) {
        r.byOld.set(this.#ids.of(c.old), c);
        r.byNew.set(this.#ids.of(c.new), c);
      }
      this.#replaced.set(place, r);
    }
    return r;
  }
}

/** When versions were created, given that none was before the one before it. */
function tightened(versions: readonly Version[]): Span[] {
  const spans = versions.map((v) => ({ lo: v.notBefore ?? -Infinity, hi: v.notAfter }));
  let lo = -Infinity;
  for (const s of spans) s.lo = lo = Math.max(lo, s.lo);
  let hi = Infinity;
  for (const s of spans.slice().reverse()) s.hi = hi = Math.min(hi, s.hi);
  return spans;
}

/**
 * Decides which versions are the owner's doing: those that the user published, and those under
 * the signature of an account key that had stood for longer than the window, or from version 0
 * on. A directory could establish a key of its own for a label that had none; the window is the
 * time that its owner has to notice. One that was established after the user verified the owner
 * is not what the user verified.
 */
function endorse(t: Timeline, window: number, verified: number): boolean[] {
  let { root, born } = beginning(t);
  let rootAt = 0;
  let last: AccountKey | undefined;
  return t.versions.map((v, i) => {
    const created = t.span(i);
    let endorsed = false;
    if (i > 0 && isRoot(v, last)) {
      [root, born, rootAt] = [created.hi, false, i];
    } else if (isSigned(v, i > 0)) {
      const early = t.span(rootAt).lo;
      endorsed = born || (created.lo >= root + window && root <= verified);
      if (!endorsed && created.hi >= early + window && early <= verified) t.unsure.push(rootAt, i);
    }
    if (stands(v.account) && v.key) last = v.key;
    return endorsed || v.mine === true;
  });
}

/** By when the account key of the oldest version stood, and whether it did from version 0 on. */
function beginning(t: Timeline): { root: number; born: boolean } {
  const { before } = t.history;
  const root = t.span(0).hi;
  if (!before) return { root, born: t.isNew };
  const earlier = before.notAfter < root || !stands(t.version(0).account);
  return { root: earlier ? before.notAfter : root, born: before.version === 0 };
}

/** Whether the version's account key rests on nothing but the version itself. last stood before it. */
function isRoot(v: Version, last: AccountKey | undefined): boolean {
  if (v.account === "unchecked") return !sameKey(last, v.key);
  return v.account === "established" || v.account === "reset";
}

/** Whether the account key that stood before signed the version. An unchecked one that is not the oldest is, if it is no root. */
function isSigned(v: Version, later: boolean): boolean {
  return v.account === "signed" || v.account === "rotated" || (v.account === "unchecked" && later);
}

/** Whether two keys are there and the same. */
export function sameKey(a: AccountKey | undefined, b: AccountKey | undefined): boolean {
  return a !== undefined && b !== undefined && accountKeyText(a) === accountKeyText(b);
}

/** Follows each key through the versions. */
function findRuns(keys: Timeline["keys"], endorsed: readonly boolean[]): Run[] {
  const runs: Run[] = [];
  const open = new Map<string, Run>();
  let before = -1; // the last version whose keys are known
  keys.forEach((present, i) => {
    if (!present) return;
    for (const [id, r] of open) {
      if (present.has(id)) continue;
      r.to = i;
      open.delete(id);
    }
    for (const id of sortedTexts(present.keys())) {
      const key = present.get(id) as Description;
      let r = open.get(id);
      if (!r) {
        r = { id, key, earliest: before + 1, from: i, last: i, to: undefined, endorsed: false };
        open.set(id, r);
        runs.push(r);
      }
      Object.assign(r, { last: i, key, endorsed: r.endorsed || endorsed[i] === true });
    }
    before = i;
  });
  return runs;
}
