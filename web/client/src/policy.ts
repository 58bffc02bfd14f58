import { decodeUtf8 } from "./bytes.js";
import { Refusal } from "./errors.js";
import { ed25519Type, parseVerifierKey, sameKey, type VerifierKey } from "./note.js";

/** A log that a policy knows. */
export interface Log {
  key: VerifierKey;
  /** The origin line of its checkpoints, which is the name of its key. */
  origin: string;
  /** Where its tiles are, if the policy says so. */
  url?: string;
}

/** A witness that a policy knows. */
export interface Witness {
  key: VerifierKey;
  /** What the policy calls it, which has no meaning elsewhere. */
  name: string;
  /** The submission prefix of C2SP tlog-witness, if the policy says so. */
  url?: string;
}

/** A group of witnesses and groups, which is satisfied if threshold of these are. */
export interface Group {
  name: string;
  threshold: number;
  members: string[];
}

/** Which logs are known and which sets of witnesses are enough (C2SP tlog-policy). */
export interface Policy {
  logs: Log[];
  witnesses: Witness[];
  /** In the policy's order: the members of each are defined before it. */
  groups: Group[];
  /** The name of a witness or group, or "none". */
  quorum: string;
}

/** What became of a quorum. */
export interface Quorum {
  met: boolean;
  /** For each group of the policy how many of its members have witnessed. */
  groups: { name: string; threshold: number; members: string[]; count: number; met: boolean }[];
}

/** The largest policy that is read, in bytes. */
export const maxPolicySize = 1 << 20;

// SPEC: at least 32 logs, 32 witnesses, and 32 groups. A note can have 100 signatures,
// of which one is the log's.
const maxPart = 256;
const maxWitnesses = 99;

/** Parses a policy file. Throws a Refusal "malformed" that names the line. */
export function parsePolicy(data: Uint8Array): Policy {
  if (data.length > maxPolicySize) {
    throw new Refusal("malformed", `the policy has more than ${maxPolicySize} bytes`);
  }
  const policy = { logs: [], witnesses: [], groups: [], quorum: "" };
  const builder = new Builder(policy);
  binary(data)
    .split("\n")
    .forEach((line, i) => builder.line(line, i + 1));
  if (policy.quorum === "") {
    throw new Refusal("malformed", "the policy has no quorum line; 'quorum none' requires no witness");
  }
  return policy;
}

/** Says which groups of a policy the witnesses of the given names satisfy. */
export function evaluateQuorum(policy: Policy, names: Iterable<string>): Quorum {
  const given = new Set(names);
  const witnessed = new Set(policy.witnesses.map((w) => w.name).filter((n) => given.has(n)));
  const groups = policy.groups.map((g) => {
    const count = g.members.filter((m) => witnessed.has(m)).length;
    const met = count >= g.threshold;
    if (met) witnessed.add(g.name);
    return { ...g, count, met };
  });
  return { met: policy.quorum === "none" || witnessed.has(policy.quorum), groups };
}

/** Reports whether the witnesses of the given names are enough. */
export function isQuorum(policy: Policy, names: Iterable<string>): boolean {
  return evaluateQuorum(policy, names).met;
}

class Builder {
  readonly #policy: Policy;
  readonly #defined = new Set(["none"]);
  readonly #members = new Set<string>();

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  line(line: string, number: number): void {
    const problem = this.#parse(line);
    if (problem !== undefined) throw new Refusal("malformed", `line ${number} of the policy: ${problem}`);
  }

  /** Returns what is wrong with a line. */
  #parse(line: string): string | undefined {
    // SPEC: The only allowed control characters are tab and newline.
    if (/[\0-\x08\x0a-\x1f\x7f]/.test(line)) return "it has a control character";
    // SPEC: "whitespace" means sequences of ASCII space and tab characters only.
    const [keyword = "", ...args] = line.split(/[ \t]+/).filter((f) => f !== "");
    if (keyword === "" || keyword.startsWith("#")) return undefined;
    const fields = args.map(fromOctets);
    switch (keyword) {
      case "log":
        return this.#log(fields);
      case "witness":
        return this.#witness(fields);
      case "group":
        return this.#group(fields);
      case "quorum":
        return this.#quorum(fields);
    }
    return "it begins with none of log, witness, group and quorum";
  }

  #log([text, url, ...more]: string[]): string | undefined {
    if (text === undefined || more.length > 0) return "it should be: log VKEY [URL]";
    const key = parseVerifierKey(text);
    if (key.type !== ed25519Type) return "a log's key must be an Ed25519 key (signature type 1)";
    const logs = this.#policy.logs;
    if (logs.length === maxPart) return `there are more than ${maxPart} logs`;
    const problem = this.#checkUnique(key) ?? checkUrl(url);
    if (problem === undefined) logs.push({ key, origin: key.name, ...(url !== undefined && { url }) });
    return problem;
  }

  #witness([name, text, url, ...more]: string[]): string | undefined {
    if (name === undefined || text === undefined || more.length > 0) {
      return "it should be: witness NAME VKEY [URL]";
    }
    const key = parseVerifierKey(text);
    if (key.type === ed25519Type) return "a witness's key must be for cosignatures (signature type 4 or 6)";
    const witnesses = this.#policy.witnesses;
    if (witnesses.length === maxWitnesses) return `there are more than ${maxWitnesses} witnesses`;
    const problem = this.#define(name) ?? this.#checkUnique(key) ?? checkUrl(url);
    if (problem === undefined) witnesses.push({ key, name, ...(url !== undefined && { url }) });
    return problem;
  }

  #group([name, how, ...members]: string[]): string | undefined {
    if (name === undefined || how === undefined || members.length === 0) {
      return "it should be: group NAME all|any|K MEMBER [MEMBER ...]";
    }
    if (this.#policy.groups.length === maxPart) return `there are more than ${maxPart} groups`;
    const threshold = parseThreshold(how, members.length);
    if (threshold === undefined) return `the threshold is not all, any, or from 1 to ${members.length}`;
    for (const m of members) {
      if (m === "none" || !this.#defined.has(m)) return "a member is not defined before";
      // SPEC: Each defined name can be listed as a group member at most once.
      if (this.#members.has(m)) return "a member is a group's member already";
      this.#members.add(m);
    }
    this.#policy.groups.push({ name, threshold, members });
    return this.#define(name);
  }

  #quorum([name, ...more]: string[]): string | undefined {
    if (name === undefined || more.length > 0) return "it should be: quorum NAME";
    if (this.#policy.quorum !== "") return "there is a quorum already";
    if (!this.#defined.has(name)) return "the quorum is not defined before";
    this.#policy.quorum = name;
    return undefined;
  }

  #define(name: string): string | undefined {
    if (this.#defined.has(name)) return "the name is taken";
    this.#defined.add(name);
    return undefined;
  }

  // SPEC: Duplicate logs and witnesses, with the same public key, are not allowed.
  #checkUnique(key: VerifierKey): string | undefined {
    const known = [...this.#policy.logs, ...this.#policy.witnesses];
    return known.some((k) => sameKey(k.key, key)) ? "the key is in the policy already" : undefined;
  }
}

function parseThreshold(how: string, members: number): number | undefined {
  if (how === "all") return members;
  if (how === "any") return 1;
  const k = /^[0-9]+$/.test(how) ? Number(how) : 0;
  return k >= 1 && k <= Math.min(members, 0xffff) ? k : undefined;
}

const scheme = /^https?:\/\//i;
const host = /^(\[[0-9a-f:.]+\]|([!$&'()*+,;=<>"\w.~-]|[^\0-\x7f]|%25|%[89a-f][0-9a-f])+)(:[0-9]*)?$/i;
const path = /^([^%?#]|%[0-9a-f]{2})*\??#?$/i;

function checkUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const [, authority = "", rest = ""] = /^([^/?#]*)(.*)$/s.exec(text.replace(scheme, "")) ?? [];
  const isGood = scheme.test(text) && host.test(authority) && path.test(rest);
  // What is in brackets must be an IPv6 address.
  if (isGood && (!authority.startsWith("[") || URL.canParse("http://" + authority))) return undefined;
  return "the URL is not an http or https URL without user, query and fragment";
}

/** Returns bytes as a string of as many characters. */
function binary(data: Uint8Array): string {
  let out = "";
  for (let i = 0; i < data.length; i += 4096) out += String.fromCharCode(...data.subarray(i, i + 4096));
  return out;
}

/**
 * Decodes a field. SPEC: names must be handled as opaque octet strings. What is not
 * UTF-8 becomes a string that no UTF-8 decodes to, with lone surrogates for its octets.
 */
function fromOctets(field: string): string {
  try {
    return decodeUtf8(Uint8Array.from(field, (c) => c.charCodeAt(0)));
  } catch {
    return field.replace(/[^\0-\x7f]/g, (c) => String.fromCharCode(0xdc00 + c.charCodeAt(0)));
  }
}
