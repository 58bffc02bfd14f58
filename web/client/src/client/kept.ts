import { sha256 } from "@noble/hashes/sha2.js";

import { encodeHex, encodeUtf8, equalBytes } from "../bytes.js";
import type { Exchange, Operation } from "./operation.js";
import { seal, unseal } from "./record.js";

/**
 * An exchange that proved a version of a label. It is for evidence only: what the client
 * verifies next does not depend on it. So it is lost without harm, and old ones are removed.
 */
export interface KeptExchange {
  readonly version: number;
  readonly commitment: Uint8Array;
  /** The version was the greatest. */
  readonly greatest: boolean;
  readonly at: number;
  readonly exchange: Exchange;
}

const format = "ghostlight-kept-exchange";
const maxKept = 1024;
const maxResponse = 1 << 20;

/** The key tells nothing to who lists the keys. */
function keptKey(op: Operation, label: string): string {
  const { directory } = op.env;
  return `exchange ${directory} ${encodeHex(sha256(encodeUtf8(`${directory}\n${label}`)))}`;
}

/** What is kept of a label; undefined if that is nothing, or damaged. */
export async function keptExchange(op: Operation, label: string): Promise<KeptExchange | undefined> {
  try {
    const record = await op.env.store.read(keptKey(op, label));
    return record && unseal<KeptExchange>(format, 1, record.text);
  } catch {
    return undefined;
  }
}

/** Keeps an exchange if it tells more of its label than what is kept. That it cannot be is no error. */
export async function keepExchange(op: Operation, label: string, k: KeptExchange): Promise<void> {
  const old = await keptExchange(op, label);
  if (old && !supersedes(k, old, op.env.config.maximumLifetime)) return;
  try {
    await write(op, keptKey(op, label), k);
  } catch {
    // Then what would be evidence becomes a report.
  }
}

/** Whether k tells more than what was kept before. Both are true. */
function supersedes(k: KeptExchange, old: KeptExchange, lifetime: number | undefined): boolean {
  if (k.version !== old.version) return k.version > old.version;
  if (k.greatest !== old.greatest) return k.greatest;
  // After the maximum lifetime an exchange proves nothing any more.
  const isOld = lifetime !== undefined && k.at - old.at > lifetime / 4;
  return isOld || !equalBytes(k.commitment, old.commitment);
}

async function write(op: Operation, key: string, k: KeptExchange): Promise<void> {
  const { store, directory } = op.env;
  const keys = await store.keys(`exchange ${directory} `);
  const surplus = keys.length >= maxKept ? keys.slice(0, maxKept / 8) : [];
  const changes = surplus.map((one) => ({ key: one, text: undefined, revision: undefined }));
  // What is kept is of another version if this one is too large.
  const text = k.exchange.response.length > maxResponse ? undefined : seal(format, 1, k);
  await store.write([...changes.filter((c) => c.key !== key), { key, text, revision: undefined }]);
}

const distinguishedKey = (op: Operation) => `exchange ${op.env.directory} distinguished`;

/** Keeps the exchange that the recent distinguished heads follow from. */
export async function keepDistinguished(op: Operation, x: Exchange): Promise<void> {
  const text = x.response.length > maxResponse ? undefined : seal(format, 1, x);
  try {
    await op.env.store.write([{ key: distinguishedKey(op), text, revision: undefined }]);
  } catch {
    // Then what would be evidence becomes a report.
  }
}

/** The exchange that the recent distinguished heads follow from; undefined if it is not kept, or damaged. */
export async function keptDistinguished(op: Operation): Promise<Exchange | undefined> {
  try {
    const record = await op.env.store.read(distinguishedKey(op));
    return record && unseal<Exchange>(format, 1, record.text);
  } catch {
    return undefined;
  }
}
