import { encodeBase64 } from "../bytes.js";
import { formatName } from "../keyset/index.js";
import { rosterSchema, type Device, type Member, type Roster } from "./roster.js";
import { formatTime } from "./time.js";

/** Writes a roster as parseRoster reads it. Times are written down to a microsecond. */
export function encodeRoster(r: Roster): string {
  const document = {
    schema: rosterSchema,
    conversation: r.conversation,
    me: r.me,
    started: time(r.started),
    members: r.members.map(member),
    agreed: r.agreed,
  };
  return JSON.stringify(document, undefined, 2) + "\n";
}

function member(m: Member): object {
  const { label, attestation } = m;
  const [first_seen, verified_at] = [time(m.firstSeen), time(m.verifiedAt)];
  return { label, first_seen, verified_at, devices: m.devices.map(device), attestation };
}

function device(d: Device): object {
  return {
    format: formatName(d.format),
    key: d.data && encodeBase64(d.data),
    fingerprint: d.data ? undefined : d.fingerprint,
    name: d.name || undefined,
    first_seen: time(d.firstSeen),
  };
}

function time(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : formatTime(ms);
}
