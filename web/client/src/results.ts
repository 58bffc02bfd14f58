import type { Status } from "./account/index.js";
import type { Failure } from "./failure.js";
import type { TraceStep } from "./trace.js";
import type { Verdict } from "./verdict.js";

/** One step of a verification, for people: what the Go client's Step has. */
export interface Step {
  readonly name: StepName;
  readonly text: string;
  /** The position of the log entry that the step is about, if it is about one. */
  readonly logEntry?: number;
  /** Its timestamp, in milliseconds. */
  readonly time?: number;
}

/** The names of steps. They are stable. */
export type StepName =
  | "request"
  | "search-keys"
  | "commitment"
  | "search"
  | "lookups"
  | "result"
  | "log-root"
  | "signature"
  | "time"
  | "monitoring"
  | "witness";

/** The state of the log that a result rests on. Times are in milliseconds since 1970. */
export interface Head {
  readonly treeSize: number;
  /** Of the log tree of KEYTRANS; 32 bytes. */
  readonly root: Uint8Array;
  /** The timestamp of the rightmost log entry. */
  readonly time: number;
}

/** A value as it was verified earlier. */
export interface Seen {
  readonly version: number;
  /** SHA-256 of the value. */
  readonly sha256: Uint8Array;
  /** The value itself, if it is not too large to be retained. Describe it with "./keyset". */
  readonly value: Uint8Array | undefined;
  /** When it was verified last, in milliseconds. */
  readonly at: number;
}

/** What the witnesses of the policy have seen of the log entries that a result rests on. */
export interface Witnessed {
  /** The origin of the public log. */
  readonly origin: string;
  /** The size of the newest log that a quorum has seen and this client has read; 0: none. */
  readonly checkpointSize: number;
  /** What the policy calls the witnesses that are needed; "none" if it needs none. */
  readonly quorum: string;
  readonly cosignedBy: readonly string[];
  /** The positions of the log entries that were not found in it yet. */
  readonly pending: readonly number[];
  /** All of the log entries were found in it. */
  readonly settled: boolean;
  /** Why entries are pending; empty if none is. */
  readonly reason: string;
  /** They are pending for more than ten minutes: nothing counts as verified any more. */
  readonly overdue: boolean;
}

/** What the account key of a label says of a version. */
export interface AccountStatus {
  readonly status: Status;
  /** The label's account key as of the version, as text; undefined: none is known to have signed. */
  readonly key: string | undefined;
  /** The version that brought it. */
  readonly since: number;
  /** The key to which the next version may be a reset. */
  readonly announced: string | undefined;
  /** The version from which on the account key was followed. */
  readonly followedFrom: number;
  /** The versions among those followed for this result that are not merely signed. */
  readonly events: readonly AccountEvent[];
}

/** A version that is something else than signed by the account key of the one before it. */
export interface AccountEvent {
  readonly version: number;
  readonly status: Status;
  /** A time by which it was in the log, in milliseconds, if that is known. */
  readonly time?: number;
}

/** A verified value of a label. */
export interface LookupResult {
  readonly kind: "found";
  readonly label: string;
  readonly version: number;
  /** `version` is proven to be the greatest one. */
  readonly greatest: boolean;
  readonly value: Uint8Array;
  /** SHA-256 of the value. */
  readonly sha256: Uint8Array;
  /** The position of the log entry in which the search ended: it holds the version. */
  readonly logEntry: number;
  /** Its timestamp, in milliseconds, if that is known. */
  readonly logEntryTime: number | undefined;
  readonly head: Head;
  readonly verdict: Verdict;
  /** What this browser had seen last, if the value is another one. */
  readonly before: Seen | undefined;
  /** What the label's account key says of the version; undefined without one. */
  readonly account: AccountStatus | undefined;
  /** Undefined without a witness policy. */
  readonly witness: Witnessed | undefined;
  readonly steps: readonly Step[];
  /** The same as data, for drawings. */
  readonly trace: readonly TraceStep[];
}

/** A verified proof that a label, or a version of it, does not exist (docs/extensions.md). */
export interface AbsentResult {
  readonly kind: "absent";
  readonly label: string;
  /** What was asked for; undefined: the greatest version. */
  readonly version: number | undefined;
  /** The label's greatest version; undefined: it has none. */
  readonly greatest: number | undefined;
  readonly head: Head;
  readonly verdict: Verdict;
  readonly witness: Witnessed | undefined;
  readonly steps: readonly Step[];
  /** The same as data, for drawings. */
  readonly trace: readonly TraceStep[];
}

/** What became of one of many lookups. */
export type ManyResult =
  | { readonly label: string; readonly result: LookupResult | AbsentResult; readonly failure?: undefined }
  | { readonly label: string; readonly failure: Failure; readonly result?: undefined };

/** One version of a label's history. */
export interface HistoryVersion {
  readonly version: number;
  /** The verified lookup; undefined if the value is not to be had. */
  readonly lookup: LookupResult | undefined;
  /** Why there is no value. Of these, "skipped" can be proven: see the verdict. */
  readonly missing?: "expired" | "erased" | "denied" | "skipped";
  readonly account: AccountStatus | undefined;
  readonly verdict: Verdict;
}

/** The versions of a label, newest first. */
export interface HistoryResult {
  readonly kind: "found";
  readonly label: string;
  readonly versions: readonly HistoryVersion[];
  /** Older versions were left out because of the limit. */
  readonly more: boolean;
  readonly head: Head;
  readonly before: Seen | undefined;
  readonly verdict: Verdict;
  readonly witness: Witnessed | undefined;
}

/** A version of an owned label that its owner did not accept. */
export interface Unexpected {
  readonly version: number;
  /** The position of the log entry that created it. */
  readonly logEntry: number;
  readonly logEntryTime: number | undefined;
  readonly value: Uint8Array | undefined;
  readonly sha256: Uint8Array;
  readonly foundAt: number;
  readonly account: AccountStatus | undefined;
}

/** The state of an owned label. */
export interface OwnResult {
  readonly label: string;
  /** The label was not owned before: what exists is accepted as its past. */
  readonly takenOver: boolean;
  /** The greatest version that the owner knows; undefined: the label has none. */
  readonly greatest: number | undefined;
  readonly last: Seen | undefined;
  /** The position of the rightmost distinguished log entry that was verified. */
  readonly verifiedUpTo: number;
  readonly unexpected: readonly Unexpected[];
  readonly account: AccountStatus | undefined;
  readonly head: Head;
  readonly verdict: Verdict;
  readonly witness: Witnessed | undefined;
}

/** What a round of monitoring found out about one label. */
export interface WatchReport {
  readonly label: string;
  readonly role: "owner" | "contact";
  readonly version: number | undefined;
  readonly verdict: Verdict;
  /** Versions that the owner has not accepted, whenever they were found. */
  readonly unexpected: readonly Unexpected[];
  /** Why there is no result, or what misbehaviour was proven. */
  readonly failure: Failure | undefined;
}

/** The outcome of one round of monitoring. */
export interface WatchResult {
  readonly at: number;
  readonly reports: readonly WatchReport[];
  readonly head: Head;
  /** The verdict on the log itself; undefined without a witness policy. */
  readonly log:
    | {
        readonly verdict: Verdict;
        readonly witness: Witnessed | undefined;
        readonly failure: Failure | undefined;
      }
    | undefined;
}

/** The log's root where a recent distinguished log entry is the last one. */
export interface ListedHead {
  readonly position: number;
  /** The log entry's timestamp; undefined in what others gave. */
  readonly time: number | undefined;
  readonly root: Uint8Array;
}

/** The recent distinguished heads, from left to right. */
export interface HeadsResult {
  readonly heads: readonly ListedHead[];
  readonly head: Head;
  readonly verdict: Verdict;
  readonly witness: Witnessed | undefined;
}

/** The recent distinguished heads for others to compare (docs/credentials.md). */
export interface HeadsExport extends HeadsResult {
  /** JSON of the format ghostlight-heads. */
  readonly file: string;
  /** The same in characters that fit a QR code well, without the signed response. */
  readonly text: string;
}

/** The outcome of comparing distinguished heads with another person's. */
export interface ComparedHeads {
  readonly result: "consistent" | "no overlap" | "contradiction";
  /** How many heads the two have in common. */
  readonly common: number;
  /** The other list follows from a response that the directory signed. */
  readonly signed: boolean;
  readonly own: readonly ListedHead[];
  readonly other: readonly ListedHead[];
  readonly head: Head;
  readonly otherHead: Head | undefined;
  readonly verdict: Verdict;
  readonly hint: string | undefined;
}

/** A signature on a checkpoint, verified under the policy. */
export interface CheckpointSignature {
  readonly name: string;
  /** When the witness signed, by its clock, in milliseconds; undefined: the log itself, or unknown. */
  readonly time: number | undefined;
  /** How long after the checkpoint's last log entry that was, in milliseconds, if known. */
  readonly lag: number | undefined;
  /** A witness of the policy that has not signed, or whose signature counts for nothing. */
  readonly missing: boolean;
  /** There is nothing to check its ML-DSA-44 signature with. */
  readonly unchecked: boolean;
}

/** What a log's checkpoint says and who signed it. */
export interface CheckpointResult {
  readonly origin: string;
  readonly size: number;
  /** Of the RFC 6962 tree. */
  readonly root: Uint8Array;
  /** The signed note as it was served. */
  readonly note: string;
  /** The timestamp of its last log entry, in milliseconds; undefined if it could not be read. */
  readonly time: number | undefined;
  readonly cosignatures: readonly CheckpointSignature[];
  readonly quorum: string;
  readonly quorumMet: boolean;
  /** The policy that this browser retains, under which this was checked. */
  readonly policy: string;
  /** The verifier key of the log in that policy. */
  readonly logKey: string;
  /** The last checkpoint that this browser had verified before; undefined on the first visit. */
  readonly before: { readonly size: number; readonly root: Uint8Array; readonly at: number } | undefined;
  readonly verdict: Verdict;
}

/** A consistency proof that was recomputed from tiles. */
export interface ConsistencyResult {
  readonly size1: number;
  readonly size2: number;
  readonly root1: Uint8Array;
  readonly root2: Uint8Array;
  readonly proof: readonly Uint8Array[];
  /** The size of the checkpoint under which both are proven. */
  readonly checkpointSize: number;
  readonly verdict: Verdict;
}

/** A log entry under a checkpoint. */
export interface EntryResult {
  readonly position: number;
  readonly timestamp: number;
  readonly prefixTree: Uint8Array;
  /** The 40 bytes. */
  readonly bytes: Uint8Array;
  readonly leafHash: Uint8Array;
  /** The RFC 6962 inclusion proof. */
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: CheckpointResult;
  /** A C2SP tlog-proof with the entry as extra data. */
  readonly file: string;
  readonly verdict: Verdict;
}

/** A verified credential (docs/credentials.md). */
export interface CheckedCredential {
  readonly label: string;
  readonly version: number;
  readonly value: Uint8Array;
  readonly type: "standard" | "provisional";
  /** The position and time of the distinguished log entry that it relies on. */
  readonly position: number;
  readonly time: number;
  /** Nothing remains to be verified. */
  readonly final: boolean;
  /** Where a provisional credential's search ended. */
  readonly terminal: number | undefined;
  /** A newer version of the label that this browser has seen. */
  readonly newer: number | undefined;
  readonly verdict: Verdict;
}

/** A file in the format of docs/evidence.md. */
export interface EvidenceFile {
  /** A name to save it under. */
  readonly name: string;
  readonly json: string;
  /** "report": it proves nothing to others. */
  readonly class: "evidence" | "report";
  /** It tells a label. */
  readonly private: boolean;
}

/** How far long work has come. */
export interface Progress {
  /** What is being done, in a few words without a label. */
  readonly step: string;
  readonly done: number;
  /** Undefined as long as it is unknown. */
  readonly total: number | undefined;
}

/** What every operation takes. */
export interface OperationOptions {
  /** Aborts the operation. What was verified until then stays. */
  readonly signal?: AbortSignal;
  readonly progress?: (progress: Progress) => void;
}
