import { attempt, endBy, type Facts } from "../facts.js";
import { spend, type Budget } from "../budget.js";
import { costOf, readKey, type PGPKey } from "./key.js";
import { judgeKey } from "./judge.js";
import type { Certificate } from "./packets.js";
import { Flag, mayBeBy, readSignature, SignatureType, type Signature } from "./signature.js";
import { overKey, overSubkey, overUserID, verify } from "./verify.js";

/** What the signatures of one component come to. */
interface Binding {
  /** That verifies. */
  newest?: Signature;
  /** One that verifies is over more than SHA-1. */
  strong: boolean;
}

/** A certificate that is judged by the signatures of its own primary key. */
interface Judging {
  key: PGPKey;
  cert: Certificate;
  budget: Budget;
  facts: Facts;
}

/**
 * Finds out from the signatures of the primary key what becomes of a certificate when. There
 * is no clock: the newest signature counts, whatever its date. Throws a Refusal for a subkey
 * that is no key.
 */
export function judgeCertificate(key: PGPKey, cert: Certificate, facts: Facts, budget: Budget): void {
  const j: Judging = { key, cert, budget, facts };
  const { signatures } = cert.primary;
  if (bind(j, signatures, [SignatureType.keyRevocation], (s) => verify(key, overKey(key), s)).newest) {
    facts.revoked = true;
  }
  const primary = judgePrimary(j);
  if (!primary && !facts.revoked && !budget.cut) facts.weak.push("unbound");
  judgeSubkeys(j, primary);
}

/** Judges the primary key, and returns the newest signature, which speaks for it. */
function judgePrimary(j: Judging): Signature | undefined {
  const { key, facts } = j;
  const direct = bind(j, j.cert.primary.signatures, [SignatureType.directKey], (s) =>
    verify(key, overKey(key), s),
  );
  let { newest, strong } = direct;
  expire(facts, key, direct.newest);
  // SPEC: RFC 9580, Section 10.1.1: a version 6 key is bound by a direct-key signature; user
  // ids say nothing about the key.
  if (key.version < 6) {
    const users = judgeUsers(j);
    expire(facts, key, users.newest);
    facts.revoked ||= users.allRevoked && !direct.newest;
    strong ||= users.strong;
    newest = users.newest ?? newest;
  }
  if (newest && !strong) facts.weak.push("sha1-binding");
  return newest;
}

/** The longest user id that is looked at, in bytes: every signature over it hashes it anew. */
const maxUserID = 4 << 10;

/**
 * Returns what the user ids that are not revoked come to: the one that is marked as primary
 * speaks for them, else the newest.
 */
function judgeUsers(j: Judging): Binding & { allRevoked: boolean } {
  const best: Binding = { strong: false };
  let [bound, live] = [0, 0];
  for (const u of j.cert.users) {
    if (u.body.length > maxUserID) continue;
    const check = (s: Signature) => verify(j.key, overUserID(j.key, u.body), s);
    const b = bind(j, u.signatures, SignatureType.certifications, check);
    if (!b.newest) continue;
    bound++;
    const revoked = bind(j, u.signatures, [SignatureType.certificationRevocation], check).newest;
    if (revoked && createdAt(revoked) >= createdAt(b.newest)) continue;
    live++;
    best.strong ||= b.strong;
    if (!best.newest || speaksMore(b.newest, best.newest)) best.newest = b.newest;
  }
  return { ...best, allRevoked: bound > 0 && live === 0 };
}

function speaksMore(a: Signature, b: Signature): boolean {
  return a.primaryUserID !== b.primaryUserID ? a.primaryUserID : createdAt(a) > createdAt(b);
}

function createdAt(s: Signature): number {
  return s.created ?? 0;
}

/**
 * Judges the subkeys. If the primary key itself is for nothing but certifying, the certificate
 * is of no use after the last of them.
 */
function judgeSubkeys(j: Judging, primary: Signature | undefined): void {
  let last: number | undefined;
  let [live, forever] = [0, false];
  for (const c of j.cert.subkeys) {
    const sub = readKey(c.body);
    if (!sub) {
      forever = true; // of an algorithm that is not known
      continue;
    }
    const own = { weak: [] as string[] };
    judgeKey(sub, own);
    const data = overSubkey(j.key, sub);
    if (bind(j, c.signatures, [SignatureType.subkeyRevocation], (s) => verify(j.key, data, s)).newest)
      continue;
    const b = bind(j, c.signatures, [SignatureType.subkeyBinding], (s) => verifyBinding(j, sub, data, s));
    if (!b.newest) {
      if (!j.budget.cut) j.facts.weak.push("unbound-subkey");
      continue;
    }
    j.facts.weak.push(...own.weak);
    if (!b.strong) j.facts.weak.push("sha1-binding");
    live++;
    const ends = expiry(sub, b.newest);
    if (ends === undefined) forever = true;
    else last = Math.max(last ?? ends, ends);
  }
  if (live > 0 && !forever && certifiesOnly(primary)) endBy(j.facts, last);
}

/** Verifies a subkey's binding, which for a signing subkey has a signature by that in it. */
function verifyBinding(j: Judging, sub: PGPKey, data: Uint8Array, s: Signature): boolean {
  if (!((s.flags ?? 0) & Flag.sign)) return verify(j.key, data, s);
  if (!spend(j.budget, costOf(sub)) || !verify(j.key, data, s)) return false;
  return s.embedded !== undefined && verify(sub, data, s.embedded);
}

/** Whether a self-signature says that its key is neither for signing nor for encryption nor for authentication. */
function certifiesOnly(s: Signature | undefined): boolean {
  const other = Flag.sign | Flag.encryptCommunications | Flag.encryptStorage | Flag.authenticate;
  return s?.flags !== undefined && (s.flags & other) === 0;
}

function expire(facts: Facts, key: PGPKey, s: Signature | undefined): void {
  if (s) endBy(facts, expiry(key, s));
}

/** When a key expires by its self-signature, or when that itself does. */
function expiry(key: PGPKey, s: Signature): number | undefined {
  const e: Pick<Facts, "expires"> = {};
  if (s.keyLifetime > 0) endBy(e, key.created + s.keyLifetime);
  if (s.lifetime > 0) endBy(e, createdAt(s) + s.lifetime);
  return e.expires;
}

/**
 * Verifies the signatures that have one of the types, newest first, until it is known which is
 * the newest that is good, and whether one of them is strong.
 */
function bind(
  j: Judging,
  bodies: Uint8Array[],
  types: readonly number[],
  check: (s: Signature) => boolean,
): Binding {
  const b: Binding = { strong: false };
  for (const s of candidates(j.key, bodies, types)) {
    const sha1 = s.hash.name === "sha1";
    if (b.newest && sha1) continue;
    if (!spend(j.budget, costOf(j.key))) break;
    if (!check(s)) continue;
    b.newest ??= s;
    if (!sha1) return { ...b, strong: true };
  }
  return b;
}

/** Reads the signatures of some types that do not name another key as their issuer, newest first. */
function candidates(key: PGPKey, bodies: Uint8Array[], types: readonly number[]): Signature[] {
  const list: Signature[] = [];
  for (const body of bodies) {
    if (!types.includes(body[1] ?? -1)) continue;
    const s = attempt(() => readSignature(body));
    if (s && mayBeBy(s, key)) list.push(s);
  }
  return list.sort((a, b) => createdAt(b) - createdAt(a));
}
