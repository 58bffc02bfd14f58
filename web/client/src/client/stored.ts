import { Failure } from "../failure.js";
import type { Store, StoredRecord } from "../state/store.js";
import { DamageError, seal, unseal, VersionError } from "./record.js";
import type { State } from "./state.js";

const format = "ghostlight-state";
const version = 1;

const key = (directory: string) => `state ${directory}`;
const keyBefore = (directory: string) => `state-before ${directory}`;
const keyDamaged = (directory: string) => `damaged ${directory}`;

/** A state and the revision of the record that it is in. */
export interface Stored {
  readonly state: State;
  readonly record: StoredRecord;
}

/**
 * Reads the state of a directory, undefined if there is none. If its record is damaged, the
 * state before it takes its place: it was verified, and what followed is verified anew
 * against it. Throws a Failure if that is damaged, too.
 */
export async function loadState(store: Store, directory: string): Promise<Stored | undefined> {
  const record = await store.read(key(directory));
  const before = await store.read(keyBefore(directory));
  const damaged: unknown[] = [];
  for (const one of [record, before]) {
    if (!one) continue;
    try {
      const state = unseal<State>(format, version, one.text);
      if (one === record) return { state, record };
      return { state, record: await putAside(store, directory, record, one) };
    } catch (error) {
      if (!(error instanceof DamageError)) throw unreadable(error);
      damaged.push(error);
    }
  }
  if (damaged.length > 0) throw unreadable(damaged[0]);
  return undefined;
}

function unreadable(cause: unknown): Failure {
  const hint =
    cause instanceof VersionError
      ? "close the tabs with an older version of this page, and load it again"
      : "discard what is retained of the directory, which forgets what was verified, to begin anew";
  const message = `what is retained of the directory cannot be used: ${(cause as Error).message}`;
  return new Failure("operational", "reading what is retained", message, { hint, cause });
}

/** Keeps what is damaged as such, and puts the state before it in its place. */
async function putAside(
  store: Store,
  directory: string,
  record: StoredRecord | undefined,
  before: StoredRecord,
) {
  const revision = record?.revision ?? 0;
  await store.write([
    { key: keyDamaged(directory), text: record?.text ?? "it was missing", revision: undefined },
    { key: key(directory), text: before.text, revision },
  ]);
  return { text: before.text, revision: revision + 1 };
}

/** Writes a state in the place of the record, which becomes the one before it. */
export async function saveState(
  store: Store,
  state: State,
  replaced: StoredRecord | undefined,
): Promise<StoredRecord> {
  const revision = replaced?.revision ?? 0;
  const text = seal(format, version, state);
  if (replaced?.text === text) return replaced;
  await store.write([
    { key: key(state.directory), text, revision },
    { key: keyBefore(state.directory), text: replaced?.text, revision: undefined },
  ]);
  return { text, revision: revision + 1 };
}

/** Where something is retained. */
interface Place {
  readonly store: Store;
  readonly directory: string;
}

/** Whether damaged state was found, and the one before it taken, since that was forgotten last. */
export async function isDamaged({ store, directory }: Place): Promise<boolean> {
  return (await store.read(keyDamaged(directory))) !== undefined;
}

/** Forgets that damaged state was found. */
export function forgetDamage({ store, directory }: Place): Promise<void> {
  return remove(store, [keyDamaged(directory)]);
}

/** Forgets everything that is retained of a directory. */
export async function discardState(store: Store, directory: string): Promise<void> {
  const keys = [keyDamaged(directory), key(directory), keyBefore(directory)];
  for (const prefix of [`exchange ${directory} `, `evidence ${directory} `])
    keys.push(...(await store.keys(prefix)));
  await remove(store, keys);
}

function remove(store: Store, keys: readonly string[]): Promise<void> {
  return store.write(keys.map((one) => ({ key: one, text: undefined, revision: undefined })));
}
