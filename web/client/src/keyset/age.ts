import { checkX25519 } from "./edwards.js";
import { attempt, latin1, malformed, type Facts } from "./facts.js";
import { checkMLKEM, mlkem768Size } from "./raw.js";

/** The longest recipient that is read, in characters. */
const maxAge = 16 << 10;

/** The text of a recipient: "age1" and Bech32's characters, in lower case. Throws a Refusal. */
function recipient(data: Uint8Array): string {
  const text = data.length > maxAge ? "" : latin1(data);
  if (text.length < 20 || !/^age1[a-z0-9-]*$/.test(text)) malformed("not an age recipient in lower case");
  return text;
}

/** A recipient is its own fingerprint if it has at most 128 characters; post-quantum ones are longer. */
export function ageFingerprint(data: Uint8Array): string | undefined {
  const text = attempt(() => recipient(data));
  return text !== undefined && text.length <= 128 ? text : undefined;
}

/**
 * Checks a recipient with its checksum: in full if it is X25519, or the hybrid of ML-KEM-768
 * and X25519. What a plugin's recipient holds, only the plugin knows.
 */
export function inspectAge(data: Uint8Array, facts: Facts): void {
  const { prefix, payload } = decodeBech32(recipient(data));
  if (prefix === "age") return checkX25519(payload);
  if (prefix !== "age1pq") {
    facts.words = [prefix.slice(4)];
    return;
  }
  facts.words = ["ML-KEM-768+X25519"];
  checkMLKEM(payload.subarray(0, -32), mlkem768Size);
  checkX25519(payload.subarray(-32));
}

const digits = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/**
 * Decodes lower-case Bech32 (BIP 173) of any length, as age uses it, and verifies its
 * checksum. Throws a Refusal.
 */
function decodeBech32(s: string): { prefix: string; payload: Uint8Array } {
  const at = s.lastIndexOf("1");
  if (at < 1 || s.length - at - 1 < 6) malformed("not Bech32");
  const codes = [...s.slice(0, at)].map((c) => c.charCodeAt(0));
  const values = [...s.slice(at + 1)].map((c) => digits.indexOf(c));
  if (values.includes(-1)) malformed("not a character of Bech32");
  const sum = [...codes.map((c) => c >> 5), 0, ...codes.map((c) => c & 31), ...values].reduce(bech32Step, 1);
  if (sum !== 1) malformed("the checksum is wrong");
  const payload: number[] = [];
  let [bits, have] = [0, 0];
  for (const v of values.slice(0, -6)) {
    bits = (bits << 5) | v;
    have += 5;
    if (have >= 8) {
      have -= 8;
      payload.push(bits >> have);
      bits &= (1 << have) - 1;
    }
  }
  if (have >= 5 || bits !== 0) malformed("padding that is not zero");
  return { prefix: s.slice(0, at), payload: Uint8Array.from(payload) };
}

const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** Takes the next five bits into the checksum. */
function bech32Step(sum: number, v: number): number {
  const top = sum >>> 25;
  const next = ((sum & 0x1ffffff) << 5) ^ v;
  return generators.reduce((n, g, i) => ((top >> i) & 1 ? n ^ g : n), next);
}
