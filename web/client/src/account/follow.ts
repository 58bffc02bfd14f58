import { encodeHex } from "../bytes.js";
import { accountKeyText, parseAccountKey } from "./key.js";
import { missingVersion, verifyVersion, type Version } from "./read.js";
import type { State, Status } from "./state.js";

const zeros = "0".repeat(64);

/** What a version is, and what to hold the next one against. */
export interface Followed {
  state: State;
  status: Status;
}

/**
 * Decides what a version is, after those that `before` is about; undefined if there are none:
 * if now is version 0, or nothing before it is known.
 *
 * Versions are followed in ascending order; those that are left out count as missing. A version
 * out of order is unsigned and changes nothing. Throws a Refusal for a state whose keys cannot
 * be read.
 */
export function follow(before: State | undefined, now: Version): Followed {
  let state = before ?? first(now.number);
  if (before) {
    if (now.number <= before.version) return { state: before, status: "unsigned" };
    if (now.number - before.version > 1) {
      state = after(state, missingVersion(now.label, now.number - 1, new Uint8Array(32)), "unknown");
    }
  }
  const status = judge(state, now);
  return { state: after(state, now, status), status };
}

function first(number: number): State {
  const state: State = { version: 0, commitment: zeros, stood: 0, body: zeros };
  if (number > 0) state.incomplete = true;
  return state;
}

/** Decides what a version is that comes right after a state. */
function judge(s: State, now: Version): Status {
  switch (now.form) {
    case "missing":
      return "unknown";
    case "bare":
      return s.key === undefined ? "" : "unsigned";
    case "signed":
      if (!now.key || !linked(s, now) || !verifyVersion(now, now.key, now.signature)) return "unsigned";
      return connect(s, judgeSigned(s, now));
    case "announced":
      if (!now.announced || !linked(s, now) || !verifyVersion(now, now.announced, now.signature))
        return "unsigned";
      return connect(s, judgeAnnounced(s, now));
    case "broken":
      return "unsigned";
  }
}

/** Whether the version's signature is for this place: after the version that is before it, if that is known. */
function linked(s: State, now: Version): boolean {
  return s.commitment === encodeHex(now.previous) || (s.incomplete === true && s.commitment === zeros);
}

/**
 * Whether the version has another account key than this one, in text, which signed that: also
 * for a version that is unchecked because of a gap, after which the key was known.
 */
export function rotatedFrom(now: Version, key: string): boolean {
  if (now.byPrevious.length === 0 || !now.key || accountKeyText(now.key) === key) return false;
  return verifyVersion(now, parseAccountKey(key), now.byPrevious);
}

function judgeSigned(s: State, now: Version): Status {
  const key = now.key && accountKeyText(now.key);
  const rotating = now.byPrevious.length > 0;
  if (s.key === undefined && !rotating) return "established";
  if (s.key !== undefined && s.key === key && !rotating) return "signed";
  if (s.key !== undefined && rotatedFrom(now, s.key)) return "rotated";
  return s.announced !== undefined && s.announced === key && !rotating ? "reset" : "unsigned";
}

/**
 * Decides what a version is that is signed by the key that it announces. Its keys must be those
 * of the last version that stood, which need not be the one right before: an announcement must
 * not make an unsigned version's keys stand.
 */
function judgeAnnounced(s: State, now: Version): Status {
  const same = s.key !== undefined && now.key && s.key === accountKeyText(now.key);
  return same && s.body === encodeHex(now.body) ? "reset announced" : "unsigned";
}

/**
 * What the status of a well signed version amounts to if a version before it is not known,
 * which may have brought another key. That the key that was known last signed it is not enough
 * to call it signed: that key may have been stolen, and replaced for that reason in the version
 * that is kept back.
 */
function connect(s: State, status: Status): Status {
  if (!s.incomplete) return status;
  return status === "unsigned" && s.key !== undefined ? "unconnected" : "unchecked";
}

/** What the version after now is held against. */
function after(s: State, now: Version, status: Status): State {
  const { announced: _, ...rest } = s;
  const next: State = { ...rest, version: now.number, commitment: encodeHex(now.commitment) };
  if (status === "unsigned" || status === "unconnected") return next;
  if (status === "unknown") return { ...next, incomplete: true };
  // The JSON of a state leaves out what is zero.
  if (status === "unchecked" || (status === "" && s.incomplete)) setNumber(next, "from", now.number);
  const key = now.key && accountKeyText(now.key);
  if (key !== undefined && s.key !== key) {
    next.key = key;
    setNumber(next, "since", now.number);
    delete next.claimed;
    if (now.form === "announced") next.claimed = true;
  } else if (now.form === "signed") {
    delete next.claimed;
  }
  if (now.announced) next.announced = accountKeyText(now.announced);
  delete next.incomplete;
  return { ...next, stood: now.number, body: encodeHex(now.body) };
}

function setNumber(s: State, name: "from" | "since", value: number): void {
  if (value > 0) s[name] = value;
  else delete s[name];
}
