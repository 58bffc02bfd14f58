/** A record and the revision that a write has to name to replace it. */
export interface StoredRecord {
  readonly text: string;
  /** Positive, and greater with each write. */
  readonly revision: number;
}

/** The error of a write that would have replaced what somebody else wrote meanwhile. */
export class ConflictError extends Error {
  constructor() {
    super("another tab changed what is retained");
    this.name = "ConflictError";
  }
}

/**
 * Where a Client retains what it verified: texts by key. It need not be trusted to be
 * undamaged, as each text has its own checksum; but whoever can write there can make the
 * client believe anything.
 */
export interface Store {
  /** Whether it outlives the page. A page says so if not. */
  readonly lasting: boolean;
  /**
   * Runs work while nobody else, in this tab or another, runs work of the same name.
   * Where that cannot be had, writes fail with a ConflictError instead.
   */
  exclusive<T>(name: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T>;
  read(key: string): Promise<StoredRecord | undefined>;
  /**
   * Writes atomically: all of the changes, or none. A record with the revision 0 must not
   * exist, others must have that revision, and undefined replaces whatever there is. The
   * text undefined removes the record. Throws a ConflictError if another revision is there.
   */
  write(changes: readonly StoreChange[]): Promise<void>;
  /** The keys that begin with a prefix, in order. */
  keys(prefix: string): Promise<string[]>;
}

/** One change of a write. */
export interface StoreChange {
  readonly key: string;
  readonly text: string | undefined;
  readonly revision: number | undefined;
}
