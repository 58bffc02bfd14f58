import { Mutex } from "./mutex.js";
import { ConflictError, type Store, type StoreChange, type StoredRecord } from "./store.js";

/** A Store for where storage is disabled: it is gone with the page. */
export class MemoryStore implements Store {
  readonly lasting = false;
  readonly #records = new Map<string, StoredRecord>();
  readonly #mutex = new Mutex();

  exclusive<T>(name: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    return this.#mutex.run(name, signal, work);
  }

  async read(key: string): Promise<StoredRecord | undefined> {
    return this.#records.get(key);
  }

  async write(changes: readonly StoreChange[]): Promise<void> {
    for (const change of changes) {
      if (change.revision !== undefined && change.revision !== revisionOf(this.#records.get(change.key))) {
        throw new ConflictError();
      }
    }
    for (const { key, text } of changes) {
      if (text === undefined) this.#records.delete(key);
      else this.#records.set(key, { text, revision: revisionOf(this.#records.get(key)) + 1 });
    }
  }

  async keys(prefix: string): Promise<string[]> {
    return [...this.#records.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
}

function revisionOf(record: StoredRecord | undefined): number {
  return record?.revision ?? 0;
}
