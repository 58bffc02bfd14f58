import { decodeUtf8 } from "../bytes.js";
import { Refusal } from "../errors.js";
import { normalizeLabel, utf8Size } from "../label.js";
import { readDevice } from "./device.js";
import { JSONReader, quote, refuse, type Read } from "./json.js";
import {
  maxDevices,
  maxMembers,
  maxRosterSize,
  rosterSchema,
  type Device,
  type Member,
  type Roster,
} from "./roster.js";
import { parseTime } from "./time.js";

// Control characters, line separators and bidirectional controls.
const forbidden = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
/** More characters than any attestation has. */
const maxAttestation = 4096;

/**
 * Reads a roster (docs/roster.md, "The document"). What is not in the schema is refused, as
 * are two members with one label. A device whose key is not valid in its format is kept: no
 * directory can have it, and judgeRoster says so.
 *
 * Throws a Refusal of the kind "malformed", which names the member that it is about.
 */
export function parseRoster(bytes: Uint8Array): Roster {
  try {
    return new Parser(text(bytes)).roster();
  } catch (e) {
    if (e instanceof Refusal) throw new Refusal("malformed", `malformed roster: ${e.message}`);
    throw e;
  }
}

function text(bytes: Uint8Array): string {
  if (bytes.length > maxRosterSize) refuse(`over ${maxRosterSize} bytes: check the conversation in parts`);
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    refuse("it begins with a byte order mark, which JSON has not: write it in UTF-8 without");
  }
  return decodeUtf8(bytes);
}

/** Reads the values that the schema has. The names of methods are those of what they read. */
export class Parser {
  readonly json: JSONReader;

  constructor(text: string) {
    this.json = new JSONReader(text);
  }

  roster(): Roster {
    const r: Roster = { conversation: "", me: "", members: [] };
    const agreed: string[] = [];
    const members = () => this.json.array(maxMembers, "members", () => r.members.push(this.member()));
    this.json.object(
      {
        schema: () => {
          const schema = this.text();
          if (schema !== rosterSchema)
            refuse(`${quote(schema)} is not known here, only ${quote(rosterSchema)}`);
        },
        conversation: () => (r.conversation = this.text()),
        me: () => (r.me = this.label()),
        started: () => (r.started = this.time()),
        members,
        agreed: () => {
          this.json.array(maxMembers, "labels", () => agreed.push(this.label()));
          if (agreed.length === 0) refuse("empty: leave it out if the members agreed on no list");
          r.agreed = agreed;
        },
      },
      ["schema", "conversation", "me", "members"],
    );
    this.json.end();
    unique(r.members.map((m) => m.label));
    unique(agreed);
    return r;
  }

  member(): Member {
    const m: Member = { label: "", firstSeen: 0, devices: [] };
    const fields: Record<string, Read> = {
      label: () => (m.label = this.label()),
      first_seen: () => (m.firstSeen = this.time()),
      verified_at: () => (m.verifiedAt = this.time()),
      devices: () => this.json.array(maxDevices, "devices", () => m.devices.push(this.device())),
      attestation: () => {
        const line = this.ascii(maxAttestation);
        if (line !== "") m.attestation = line;
      },
    };
    try {
      this.json.object(fields, ["label", "first_seen", "devices"]);
    } catch (e) {
      if (e instanceof Refusal && m.label !== "") refuse(`(${quote(m.label)}): ${e.message}`);
      throw e;
    }
    return m;
  }

  device(): Device {
    return readDevice(this);
  }

  /** A label, normalized. */
  label(): string {
    return normalizeLabel(this.text());
  }

  time(): number {
    return parseTime(this.text());
  }

  /** A string that people may be shown. */
  text(): string {
    const s = this.json.string();
    if (utf8Size(s) > 255) refuse(`${utf8Size(s)} bytes, at most 255`);
    if (forbidden.test(s)) refuse("with control characters, or with some that turn text around");
    return s;
  }

  /** A string of at most `most` printable ASCII characters without space. */
  ascii(most: number): string {
    const s = this.json.string();
    if (utf8Size(s) > most) refuse(`over ${most} characters`);
    if (/[^!-~]/.test(s)) refuse("with spaces, line breaks or characters outside ASCII");
    return s;
  }
}

function unique(labels: string[]): void {
  const first = new Map<string, number>();
  labels.forEach((label, i) => {
    const at = first.get(label);
    if (at !== undefined)
      refuse(`numbers ${at + 1} and ${i + 1} are the same label ${quote(label)}: list it once`);
    first.set(label, i);
  });
}
