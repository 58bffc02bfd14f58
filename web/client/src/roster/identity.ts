import { checkKey, Format, formatName, type Description, type Key } from "../keyset/index.js";
import { attempt } from "../keyset/facts.js";
import type { History, Version } from "./history.js";
import { materialOf } from "./material.js";
import { keyOf, type Device, type Roster } from "./roster.js";

/**
 * Tells which keys are one key, although their formats or fingerprints differ: a ghost must
 * not pass for somebody new because it is written down in another way, nor a renewed
 * certificate for a ghost.
 */
export class Identities {
  readonly #known = new Map<string, string>();

  /** What identifies the key of a description, as far as its bytes were learned anywhere. */
  of(d: Pick<Description, "format" | "fingerprint">): string {
    const name = `${d.format} ${d.fingerprint}`;
    return this.#known.get(name) ?? name;
  }

  device(d: Device): string {
    return this.of({ format: formatName(d.format), fingerprint: d.fingerprint });
  }

  /** Learns the keys of a roster and of what was proven. */
  learnAll(r: Roster, proven: Iterable<History>): void {
    for (const m of r.members) m.devices.forEach((d) => this.learn(d));
    for (const h of proven) h.versions.forEach((v) => this.learnVersion(v));
  }

  learn(d: Device): void {
    const key = keyOf(d);
    if (!key?.data.length) return;
    // The leaf of a KeyPackage that is not valid could name anybody's signature key.
    const valid = () => attempt(() => (checkKey(key), true)) === true;
    if (d.format !== Format.mlsKeyPackage || valid()) this.#put(key, d.fingerprint);
  }

  learnVersion(v: Version): void {
    v.set?.keys.forEach((k, i) => {
      const d = v.keys[i];
      // The description has checked the key, in a time that is bounded for the set.
      if (d && !d.weak?.includes("malformed") && !d.weak?.includes("unchecked")) this.#put(k, d.fingerprint);
    });
  }

  #put(k: Key, fingerprint: string): void {
    const id = materialOf(k);
    if (id !== undefined) this.#known.set(`${formatName(k.format)} ${fingerprint}`, id);
  }
}
