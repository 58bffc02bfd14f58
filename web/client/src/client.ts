import type {
  AbsentResult,
  CheckpointResult,
  ConsistencyResult,
  CheckedCredential,
  EntryResult,
  EvidenceFile,
  ComparedHeads,
  HeadsExport,
  HeadsResult,
  HistoryResult,
  LookupResult,
  ManyResult,
  OperationOptions,
  OwnResult,
  WatchResult,
} from "./results.js";
import type { Store } from "./state/store.js";

/** How to open a directory. */
export interface ClientOptions {
  /** Its base URL, without a slash at the end. */
  readonly directory: string;
  /** The encoded Configuration, if it is known. Otherwise the first contact is taken on faith. */
  readonly configuration?: Uint8Array;
  /** A witness policy (C2SP tlog-policy). It is retained: later openings need not give it. */
  readonly policy?: string;
  /** Where the directory's public log is. Default: the policy's URL, or `directory` + "/log". */
  readonly log?: string;
  readonly store: Store;
  readonly fetch?: typeof fetch;
  /** The clock, in milliseconds. Default: Date.now. */
  readonly now?: () => number;
}

/** The operations of a Client. Each rejects with a Failure, and with nothing else. */
export interface ClientOperations {
  /** The greatest version of a label, or the given one. The label is a contact from then on. */
  lookup(
    label: string,
    options?: OperationOptions & { version?: number },
  ): Promise<LookupResult | AbsentResult>;
  /** The greatest versions of labels, in order, with as few requests as possible. */
  lookupMany(labels: readonly string[], options?: OperationOptions): Promise<ManyResult[]>;
  /** Every version of a label, newest first, at most `limit` (0: all). */
  history(label: string, limit?: number, options?: OperationOptions): Promise<HistoryResult | AbsentResult>;
  /** One round of monitoring of all contacts and owned labels. */
  watch(options?: OperationOptions): Promise<WatchResult>;
  /** Takes a label over, if it is not owned yet, and monitors it. */
  own(label: string, options?: OperationOptions): Promise<OwnResult>;
  /** Accepts an unexpected version of an owned label. */
  accept(label: string, version: number): Promise<OwnResult>;
  /** Gives up what is retained of a label in a role. */
  forget(role: "owner" | "contact", ...labels: string[]): Promise<void>;
  /** The labels that are retained. */
  labels(): Promise<{ contacts: string[]; owned: string[] }>;
  heads(options?: OperationOptions & { offline?: boolean }): Promise<HeadsResult>;
  exportHeads(options?: OperationOptions & { signed?: boolean }): Promise<HeadsExport>;
  /** Compares with a file or a text that exportHeads, or kt heads export, gave to another person. */
  compareHeads(text: string, options?: OperationOptions): Promise<ComparedHeads>;
  checkCheckpoint(options?: OperationOptions): Promise<CheckpointResult>;
  consistency(size1: number, size2: number, options?: OperationOptions): Promise<ConsistencyResult>;
  entry(position: number, options?: OperationOptions): Promise<EntryResult>;
  /** Verifies a credential offline, against the heads that were retained. */
  verifyCredential(file: string): Promise<CheckedCredential>;
  /** The evidence that was found and is kept, newest first. */
  evidence(): Promise<EvidenceFile[]>;
}
