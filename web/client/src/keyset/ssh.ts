import { equalBytes } from "../bytes.js";
import { Reader } from "../codec.js";
import { checkPoint, type CurveName } from "./curves.js";
import { checkEd25519 } from "./edwards.js";
import { checkDSA } from "./dsa.js";
import { latin1, malformed, type Facts } from "./facts.js";
import { bytesOf, numberOf } from "./numbers.js";
import { judgeRSA } from "./rsa.js";

const maxRSAExponent = 1n << 24n;

/** Key types of ECDSA with their curve. */
const curves = new Map<string, [CurveName, string]>([
  ["ecdsa-sha2-nistp256", ["P-256", "nistp256"]],
  ["ecdsa-sha2-nistp384", ["P-384", "nistp384"]],
  ["ecdsa-sha2-nistp521", ["P-521", "nistp521"]],
  ["sk-ecdsa-sha2-nistp256@openssh.com", ["P-256", "nistp256"]],
]);

/** Returns the algorithm's name at the start of a public key blob. Throws a Refusal. */
export function sshType(blob: Uint8Array): string {
  const r = new Reader(blob);
  const n = r.u32("length");
  if (n === 0 || n > 64) malformed("not an SSH public key blob");
  const name = latin1(r.fixed(n, "name"));
  if (r.remaining === 0 || !/^[!-~]*$/.test(name)) malformed("not an SSH public key blob");
  return name;
}

/** Checks a public key blob (RFC 4253, Section 6.6). Key types that are not known are carried. */
export function inspectSSH(blob: Uint8Array, facts: Facts): void {
  const name = sshType(blob);
  facts.words = [name];
  if (name.includes("-cert-v")) malformed("an SSH certificate, not a key");
  const r = new Reader(blob);
  r.opaque(4, "name");
  const curve = curves.get(name);
  if (curve) inspectPoint(r, curve);
  else if (name === "ssh-rsa") inspectRSA(r, facts);
  else if (name === "ssh-dss") inspectDSA(r, facts);
  else if (name === "ssh-ed25519" || name === "sk-ssh-ed25519@openssh.com") checkEd25519(r.opaque(4, "key"));
  // Names of signatures, not of keys.
  else if (name === "rsa-sha2-256" || name === "rsa-sha2-512") malformed("not a type of SSH key");
  else return;
  if (name.startsWith("sk-")) r.opaque(4, "application");
  r.end();
}

function inspectPoint(r: Reader, [curve, id]: [CurveName, string]): void {
  if (latin1(r.opaque(4, "curve")) !== id) malformed("an SSH key of another curve");
  checkPoint(curve, r.opaque(4, "point"));
}

function inspectRSA(r: Reader, facts: Facts): void {
  const [e, n] = [mpint(r), mpint(r)];
  r.end(); // before the numbers are judged: a key with something after it is none
  if (e >= maxRSAExponent) malformed("an RSA exponent that is too large");
  judgeRSA({ n, e }, facts);
}

function inspectDSA(r: Reader, facts: Facts): void {
  facts.weak = ["dsa"];
  const [p, q, g, y] = [mpint(r), mpint(r), mpint(r), mpint(r)];
  checkDSA({ p, q, g, y });
}

/** Reads a positive number in its shortest encoding (RFC 4251, Section 5). */
function mpint(r: Reader): bigint {
  const b = r.opaque(4, "mpint");
  const n = numberOf(b);
  const [first = 0] = b;
  const shortest = n === 0n ? new Uint8Array(0) : bytesOf(n, Math.floor(n.toString(2).length / 8) + 1);
  if (first & 0x80 || !equalBytes(b, shortest))
    malformed("a number that is negative or not in its shortest form");
  return n;
}
