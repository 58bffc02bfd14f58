import {
  accountKeyText,
  stands,
  verifyAttestation,
  type AccountKey,
  type Attestation,
} from "../account/index.js";
import { encodeHex, encodeUtf8, equalBytes } from "../bytes.js";
import { Refusal } from "../errors.js";
import type { Version } from "./history.js";
import { find, skew, type Proven } from "./subject.js";
import { stamp } from "./time.js";
import { sameKey, type Timeline } from "./timeline.js";

/** How old an attestation may be, in ms: owners monitor once a day, and may miss one. */
const attestationLife = 48 * 3600_000;

/**
 * Looks for a sign that the label's owner monitors it, and holds what the owner says to have
 * been shown against what was proven here.
 */
export function monitored(s: Proven): void {
  if (s.me) return;
  const about = { versions: [s.timeline.last] };
  const unshown = (why: string) =>
    find(s, "unmonitored", "note", `Nothing shows that the owner of the label monitors it: ${why}.`, about);
  const a = attestation(s);
  if (typeof a === "string") {
    unshown(a);
    return;
  }
  const contradiction = contradicts(s, a);
  const age = s.check.now - a.time;
  if (contradiction) {
    const message = `The owner of the label attests to something else than was proven here: ${contradiction}.`;
    find(s, "could-not-check", "warning", message, about);
  } else if (age > attestationLife) {
    unshown(`the attestation is of ${stamp(a.time)}`);
  } else if (age < -skew) {
    unshown(`the attestation is of ${stamp(a.time)}, which has not come yet`);
  }
}

/** The member's attestation, verified under the account key of the version that it names; or why there is none. */
function attestation(s: Proven): Attestation | string {
  const tried = new Set<string>();
  for (const v of [...s.timeline.versions].reverse()) {
    if (!v.key || !stands(v.account) || tried.has(accountKeyText(v.key))) continue;
    tried.add(accountKeyText(v.key));
    const a = verified(s, v.key);
    if (a && isKeyOf(s.timeline, a.version, v.key)) return a;
  }
  if (tried.size === 0) return "the label has no account key to attest with";
  if (s.member.attestation === undefined) return "the app has no attestation";
  return "the attestation is not signed by an account key of the label";
}

function verified(s: Proven, key: AccountKey): Attestation | undefined {
  try {
    return verifyAttestation(encodeUtf8(s.member.label), key, s.member.attestation ?? "");
  } catch (e) {
    if (e instanceof Refusal) return undefined;
    throw e;
  }
}

/**
 * Whether a key is the account key of a version, as far as that is known. A version later than
 * the newest known can have no other key than that.
 */
function isKeyOf(t: Timeline, version: number, key: AccountKey): boolean {
  const v = version > t.newest.number ? t.newest : numbered(t, version);
  return !v || sameKey(v.key, key);
}

/** The version of a number, if it was proven. */
function numbered(t: Timeline, version: number): Version | undefined {
  return t.versions[version - t.version(0).number];
}

/** How what the owner was shown differs from what was proven here. Undefined: it does not. */
function contradicts(s: Proven, a: Attestation): string | undefined {
  const { newest } = s.timeline;
  const { head } = s.history;
  const v = numbered(s.timeline, a.version);
  const entries = a.treeSize === 1 ? "1 entry" : `${a.treeSize} entries`;
  if (a.treeSize === head.treeSize && encodeHex(a.root) !== head.root) return `another log of ${entries}`;
  if (v && !equalBytes(v.commitment, a.commitment)) return `another version ${a.version}`;
  if (a.version > newest.number) {
    if (a.treeSize > head.treeSize) return `version ${a.version} in a longer log than was shown here`;
    return `version ${a.version} in a log of ${entries}, where version ${newest.number} was proven to be the greatest in one of ${head.treeSize}`;
  }
  if (a.version < newest.number && newest.logEntry < a.treeSize) {
    return `version ${a.version} as the greatest in a log of ${entries}, although entry ${newest.logEntry} has version ${newest.number}`;
  }
  return undefined;
}
