import { IndexedDBStore, type IndexedDBOptions } from "./indexeddb.js";
import { MemoryStore } from "./memory.js";
import type { Store } from "./store.js";

/**
 * A Store in IndexedDB, or one in memory where storage is disabled or cannot be used: then
 * `lasting` is false, and nothing will be remembered.
 */
export async function openStore(options: IndexedDBOptions = {}): Promise<Store> {
  try {
    const store = await IndexedDBStore.open(options);
    await store.read("");
    return store;
  } catch {
    return new MemoryStore();
  }
}
