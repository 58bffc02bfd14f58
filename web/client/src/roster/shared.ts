import { stands, type AccountKey } from "../account/index.js";
import type { Description } from "../keyset/index.js";
import { describeDevice } from "./devices.js";
import { sortedTexts } from "./order.js";
import { find, type Check } from "./subject.js";
import { sameKey } from "./timeline.js";

/** A key with the labels that have it. It is described only if that is asked for, which takes time. */
interface Sharing {
  describe: () => Description;
  labels: Set<string>;
}

/** Finds keys that two labels of the roster have, in the directory or in the session. */
export function sharedKeys(c: Check): void {
  for (const s of sharings(c)) {
    const [label, ...others] = sortedTexts(s.labels);
    if (label === undefined || others.length === 0 || isOneOwner(c, s.labels)) continue;
    const timeline = c.timelines.get(label);
    const subject = {
      check: c,
      member: { label, firstSeen: 0, devices: [] },
      me: s.labels.has(c.roster.me),
      history: c.proven.get(label),
      timeline,
    };
    const message = `${s.labels.size} labels of this conversation have the same key.`;
    const about = { keys: [s.describe()], versions: timeline ? [timeline.last] : [] };
    find(subject, "shared-key", "warning", message, about).other_labels = others;
  }
}

function sharings(c: Check): Iterable<Sharing> {
  const shared = new Map<string, Sharing>();
  const share = (id: string, label: string, describe: () => Description) => {
    const s = shared.get(id);
    if (s) s.labels.add(label);
    else shared.set(id, { describe, labels: new Set([label]) });
  };
  for (const label of sortedTexts([c.roster.me, ...c.roster.members.map((m) => m.label)])) {
    for (const d of c.proven.get(label)?.versions[0]?.keys ?? []) share(c.ids.of(d), label, () => d);
  }
  for (const m of c.roster.members) {
    for (const d of m.devices) share(c.ids.device(d), m.label, () => describeDevice(d));
  }
  return shared.values();
}

/** Whether one account key signed the newest versions of all labels. */
function isOneOwner(c: Check, labels: Iterable<string>): boolean {
  let owner: AccountKey | undefined;
  for (const label of labels) {
    const v = c.proven.get(label)?.versions[0];
    if (!v?.key || !stands(v.account) || v.account === "reset announced") return false;
    if (owner && !sameKey(owner, v.key)) return false;
    owner = v.key;
  }
  return true;
}
