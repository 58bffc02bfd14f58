/** The outcome of one lookup in a log entry's prefix tree. */
export interface Lookup {
  readonly version: number;
  readonly included: boolean;
  /** Number of bits from the root of the prefix tree to where the search ended. */
  readonly depth: number;
}

/** An outcome that the proof had settled before, in an entry to the left or to the right. */
export interface KnownOutcome {
  readonly version: number;
  readonly included: boolean;
}

/**
 * One step of a verification, as data: what was computed or looked up, with which outcome. The
 * steps of a result are those in whose order the verifier took them.
 */
export type TraceStep =
  /** A VRF proof was verified: `output` is the search key of the version. */
  | {
      readonly step: "vrf";
      readonly version: number;
      readonly output: Uint8Array;
      /** The commitment that the response provided for the version. */
      readonly commitment?: Uint8Array | undefined;
    }
  /** The commitment to a version was computed from its opening and value. */
  | {
      readonly step: "commitment";
      readonly version: number;
      readonly opening: Uint8Array;
      readonly commitment: Uint8Array;
    }
  /** The view was updated from a log of `from` entries to one of `to`. */
  | {
      readonly step: "view";
      readonly from: number;
      readonly to: number;
      /** The log entries whose timestamps show that time does not run backward. */
      readonly entries: readonly { readonly position: number; readonly timestamp: number }[];
    }
  /** Versions were looked up in the prefix tree of one log entry. */
  | {
      readonly step: "lookup";
      readonly position: number;
      readonly timestamp: number;
      readonly lookups: readonly Lookup[];
      /** Outcomes of the same ladder that were not looked up again. */
      readonly known: readonly KnownOutcome[];
      /** The root of the prefix tree that the lookups lead to. */
      readonly prefixTree: Uint8Array;
    }
  /** The root of the log was computed from the entries inspected and what was retained. */
  | {
      readonly step: "log";
      readonly size: number;
      readonly root: Uint8Array;
      /** Positions of the entries that are proven to be in the log. */
      readonly entries: readonly number[];
      /** How many nodes the inclusion proof provided. */
      readonly elements: number;
    }
  /** The root was found to be the one that was signed, or the one retained before. */
  | {
      readonly step: "head";
      readonly size: number;
      /** The response has a new head, whose signature was verified; else it is the retained one. */
      readonly updated: boolean;
      readonly signaturePublicKey: Uint8Array;
      /** Time of the rightmost log entry, in ms since the Unix epoch. */
      readonly timestamp: number;
    }
  /** The auditor's head of the log was verified. */
  | {
      readonly step: "auditor";
      readonly size: number;
      readonly timestamp: number;
      readonly auditorPublicKey: Uint8Array;
    }
  /** The operator's signature of a value was verified. */
  | {
      readonly step: "value";
      readonly version: number;
      readonly leafPublicKey: Uint8Array;
    };
