import { Mutex } from "./mutex.js";
import { ConflictError, type Store, type StoreChange, type StoredRecord } from "./store.js";

/** The version of the database's schema. What a later version wrote is not touched. */
const schema = 1;
const table = "records";

/** What an IndexedDBStore is opened with. All of it has defaults. */
export interface IndexedDBOptions {
  /** The name of the database. Default: "ghostlight". */
  readonly name?: string;
  readonly indexedDB?: IDBFactory;
  /** Locks between tabs. Without them, tabs that write at once find conflicts. */
  readonly locks?: LockManager;
}

/** A Store in IndexedDB. Reading, comparing and writing a record is one transaction. */
export class IndexedDBStore implements Store {
  readonly lasting = true;
  readonly #mutex = new Mutex();
  readonly #name: string;
  readonly #db: IDBDatabase;
  readonly #locks: LockManager | undefined;

  private constructor(db: IDBDatabase, name: string, locks: LockManager | undefined) {
    this.#db = db;
    this.#name = name;
    this.#locks = locks;
    // A later version of this program may change the schema once this tab lets go of it.
    db.onversionchange = () => db.close();
  }

  /** Throws if storage is disabled, or was written by a later version of this program. */
  static async open(options: IndexedDBOptions = {}): Promise<IndexedDBStore> {
    const name = options.name ?? "ghostlight";
    const factory = options.indexedDB ?? globalThis.indexedDB;
    const request = factory.open(name, schema);
    request.onupgradeneeded = (event) => {
      if (event.oldVersion < 1) request.result.createObjectStore(table);
    };
    return new IndexedDBStore(await done(request), name, options.locks ?? globalThis.navigator?.locks);
  }

  close(): void {
    this.#db.close();
  }

  exclusive<T>(name: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const locks = this.#locks;
    if (!locks) return this.#mutex.run(name, signal, work);
    const options: LockOptions = signal ? { signal } : {};
    return locks.request(`${this.#name}:${name}`, options, work) as Promise<T>;
  }

  async read(key: string): Promise<StoredRecord | undefined> {
    const found: unknown = await done(this.#transaction("readonly").objectStore(table).get(key));
    return asRecord(found);
  }

  write(changes: readonly StoreChange[]): Promise<void> {
    const transaction = this.#transaction("readwrite");
    const records = transaction.objectStore(table);
    return new Promise((resolve, reject) => {
      let conflict = false;
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(conflict ? new ConflictError() : transaction.error);
      for (const change of changes) {
        const request = records.get(change.key);
        request.onsuccess = () => {
          const revision = asRecord(request.result)?.revision ?? 0;
          if (change.revision !== undefined && change.revision !== revision) {
            conflict = true;
            transaction.abort();
          } else if (change.text === undefined) records.delete(change.key);
          else records.put({ text: change.text, revision: revision + 1 }, change.key);
        };
      }
    });
  }

  async keys(prefix: string): Promise<string[]> {
    const range = IDBKeyRange.bound(prefix, prefix + "\uffff");
    const keys = await done(this.#transaction("readonly").objectStore(table).getAllKeys(range));
    return keys.filter((key) => typeof key === "string");
  }

  #transaction(mode: IDBTransactionMode): IDBTransaction {
    return this.#db.transaction(table, mode, { durability: mode === "readwrite" ? "strict" : "default" });
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** What is stored may be damaged: what is no record is one without a meaning. */
function asRecord(found: unknown): StoredRecord | undefined {
  if (found === undefined) return undefined;
  const { text, revision } = Object(found) as Partial<StoredRecord>;
  return {
    text: typeof text === "string" ? text : "",
    revision: Number.isSafeInteger(revision) ? Number(revision) : 0,
  };
}
