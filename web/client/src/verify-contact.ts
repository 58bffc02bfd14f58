import { addMapEntry, newContact, type Contact } from "./contact.js";
import { checkMapEntries, contactMonitor } from "./monitor.js";
import type { ContactMonitorRequest, MonitorMapEntry } from "./requests.js";
import type { ContactMonitorResponse } from "./responses.js";
import { open, type Rules, type Verified } from "./session.js";
import type { View } from "./view.js";

/** The outcome of monitoring a label. */
export interface ContactResult extends Verified {
  /** What to retain from now on. */
  readonly contact: Contact;
}

/** See Verifier.contactMonitor. */
export function verifyContactMonitor(
  rules: Rules,
  view: View,
  contact: Contact,
  q: ContactMonitorRequest,
  p: ContactMonitorResponse,
  now: number,
): ContactResult {
  if (mapText(q.entries) !== mapText(contact.map)) {
    throw new RangeError("the request is not about the map of the contact");
  }
  const s = open(rules, view, p.fullTreeHead, p.monitor, contact.keys);
  const { size } = s.walk;
  checkMapEntries(q.entries, size);
  const moved = contactMonitor(s.walk, q.entries);
  const verified = s.close(now);
  const left = moved.filter((m) => !m.distinguished);
  const map = left.reduce<readonly MonitorMapEntry[]>((entries, m) => addMapEntry(entries, m, size), []);
  return { ...verified, contact: newContact(map, s.consumer.keys) };
}

const mapText = (map: readonly MonitorMapEntry[]): string =>
  map.map((e) => `${e.position}:${e.version}`).join();
