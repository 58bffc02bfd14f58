/** When a version came into the log, as far as verified searches tell. */
import type { TraceStep } from "@ghostlight/client";

/** A log entry. */
export interface At {
  readonly position: number;
  /** In ms since 1970. */
  readonly timestamp: number;
}

/** The version came after one entry, and no later than another. Undefined: that is not known. */
export interface Bounds {
  readonly after: At | undefined;
  readonly by: At | undefined;
}

/**
 * What searches of one label prove of a version: an entry without it, or without an earlier one, is
 * before it; an entry with it, or with a later one, is not.
 */
export function boundsOf(version: number, traces: readonly (readonly TraceStep[])[]): Bounds {
  let after: At | undefined;
  let by: At | undefined;
  for (const step of traces.flat()) {
    if (step.step !== "lookup") continue;
    const { position, timestamp, lookups } = step;
    for (const l of lookups) {
      if (l.included && l.version >= version && position < (by?.position ?? Infinity))
        by = { position, timestamp };
      if (!l.included && l.version <= version && position > (after?.position ?? -1))
        after = { position, timestamp };
    }
  }
  return { after, by };
}
