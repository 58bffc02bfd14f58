import {
  accountKeyText,
  follow,
  foreignVersion,
  missingVersion,
  readVersion,
  type State as AccountState,
  stands,
  type Status,
  type Version,
} from "../account/index.js";
import { encodeHex } from "../bytes.js";
import { Refusal } from "../errors.js";
import { parseKeySet } from "../keyset/parse.js";
import type { KeySet } from "../keyset/keyset.js";
import type { AccountEvent, AccountStatus } from "../results.js";
import { labelBytes } from "./label.js";
import type { Found } from "./lookup.js";
import type { Standing } from "./state.js";

/** An older version that was looked up, or what is known of one that is not to be had. */
export interface Past {
  readonly version: Version;
  /** The timestamp of a log entry that has it, if one is known. */
  readonly time: number | undefined;
  /** It says anything of an account key. */
  readonly says: boolean;
}

/** What a version says of the account key, and whether it says anything. */
export function readValue(
  label: string,
  number: number,
  commitment: Uint8Array,
  value: Uint8Array,
): Pick<Past, "version" | "says"> {
  const bytes = labelBytes(label);
  let set: KeySet;
  try {
    set = parseKeySet(value);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { version: foreignVersion(bytes, number, commitment), says: false };
  }
  const version = readVersion(bytes, number, commitment, set);
  return { version, says: version.form !== "bare" };
}

/** What a found version says of the account key. */
export function readAccount(f: Found): Past {
  const { version, value, terminal } = f.result;
  const entry = [...f.result.entries, ...f.before.frontier].find((e) => e.position === terminal);
  return { ...readValue(f.label, version, f.commitment, value.value), time: entry?.timestamp };
}

/** A version of which the value is not to be had. */
export function missingPast(label: string, number: number): Past {
  const version = missingVersion(labelBytes(label), number, new Uint8Array(32));
  return { version, time: undefined, says: false };
}

/** What a version amounts to after those before it. */
export function followOne(s: AccountState | undefined, v: Version): Standing {
  const { state, status } = follow(s, v);
  return { ...state, status };
}

/** Whether it is known of a version that it stands. */
export function settles(s: Standing | undefined, version: number): boolean {
  return s !== undefined && s.version === version && stands(s.status);
}

/** The version after those that a standing is about. */
export const nextVersion = (s: Standing | undefined): number => (s ? s.version + 1 : 0);

/** The one of two that is about more versions. */
export function newerStanding(s: Standing | undefined, other: Standing): Standing {
  return !s || s.version < other.version ? other : s;
}

/**
 * Whether it was found out before that the label had no account key up to a version, and this
 * is not the newest one that this was found out of.
 */
export function isKeyless(s: Standing | undefined, version: number): boolean {
  return s !== undefined && s.status === "" && (s.from ?? 0) <= version && version < s.version;
}

/**
 * What a version amounts to that says nothing of an account key, if nothing has to be asked for
 * that: no account key is known, and there is no version in between.
 */
export function aloneAfter(s: Standing | undefined, v: Version): Standing | undefined {
  if (s && (s.key !== undefined || s.status !== "")) return undefined;
  return v.number === nextVersion(s) ? followOne(s, v) : undefined;
}

/** What versions of a label amount to, one after the other. */
export class Following {
  chain: Standing | undefined;
  /** Those that are not merely signed, oldest first. */
  readonly events: AccountEvent[] = [];
  readonly #retained: Standing | undefined;

  /** `retained` is what is known of later versions. */
  constructor(chain: Standing | undefined, retained: Standing | undefined) {
    this.chain = chain;
    this.#retained = retained;
  }

  follow(p: Past): void {
    const before = recall(this.#retained, this.chain, p.version.number);
    this.chain = followOne(before, p.version);
    const { status } = this.chain;
    if (status === "" || status === "signed") return;
    this.events.push({ version: p.version.number, status, ...(p.time !== undefined && { time: p.time }) });
  }
}

/**
 * The state as of the version before one, with the account key that the label has been found to
 * have at that one, by what is retained of later versions: the directory must not have another
 * one believed, or none, by withholding values.
 */
export function recall(
  s: Standing | undefined,
  state: AccountState | undefined,
  version: number,
): AccountState | undefined {
  const since = s?.since ?? 0;
  if (!s?.key || s.claimed || version <= since || s.version < version) return state;
  if (state?.key === s.key && !state.claimed) return state;
  const zeros = "0".repeat(64);
  const base = state ?? { version: version - 1, commitment: zeros, stood: 0, body: zeros };
  const { claimed: _, ...rest } = base;
  return { ...rest, key: s.key, ...(since > 0 && { since }), incomplete: true };
}

/** What a standing says, with the events on the way there: undefined without an account key, if nothing is amiss. */
export function describeAccount(
  s: Standing | undefined,
  events: readonly AccountEvent[] = [],
): AccountStatus | undefined {
  if (!s || (s.key === undefined && s.status !== "unsigned")) return undefined;
  const { status, announced } = s;
  // Anybody can name the owner's.
  const key = s.claimed ? undefined : s.key;
  return { status, key, since: s.claimed ? 0 : (s.since ?? 0), announced, followedFrom: s.from ?? 0, events };
}

/**
 * What a version is of which the versions around it are not known, but for those that a
 * standing is about.
 */
export function judgeAlone(s: Standing, v: Version): Status {
  if (v.number === s.version) return s.status;
  if (v.number > s.version) return follow(s, v).status;
  if (s.key === undefined || v.number <= (s.since ?? 0)) return "unchecked"; // the key was another one
  if (!v.key || accountKeyText(v.key) !== s.key) return "unsigned";
  // Its keys are signed by nobody but in a version before it.
  if (announces(v, s.key) && encodeHex(v.body) !== s.body) return "unconnected";
  return follow(undefined, v).status;
}

/** Whether a version names an account key, and announces another one: the one that it names has not signed it. */
export function announces(v: Version, key: string | undefined): boolean {
  return (
    v.announced !== undefined && v.key !== undefined && key !== undefined && accountKeyText(v.key) === key
  );
}
