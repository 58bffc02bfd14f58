import { encodeHex } from "../bytes.js";
import type { Configuration } from "../config.js";
import type { Step, Witnessed } from "../results.js";
import { cipherSuiteName } from "../suite.js";
import type { TraceStep } from "../trace.js";
import type { FoundAbsence } from "./absence.js";
import { countOf, timeText } from "./head.js";
import type { Found, Question } from "./lookup.js";
import { wordingOf } from "./wording.js";

/** Tells how a search was verified, out of the trace of the verification. It decides nothing. */
export function explain(config: Configuration, f: Found): Step[] {
  const { version, trace, terminal, monitor, value } = f.result;
  const e = new Explanation(config, trace, f.before.head.treeSize, f.at);
  const target = version;
  e.say(
    "request",
    `asked for ${f.greatest ? "the greatest version" : `version ${target}`} of the label${e.told}`,
  );
  e.searchKeys(`the answer is version ${target}; `);
  e.say(
    "commitment",
    `the value (${countOf(value.value.length, "byte", "bytes")}) and its opening hash to the commitment ${encodeHex(f.commitment)}; another value would have another one`,
  );
  e.search(f.greatest, target);
  const none = f.greatest ? ", and no later version exists in the last entry" : "";
  e.say("result", `the search ends in entry ${terminal}, which holds version ${target}${none}`, terminal);
  e.conclusion();
  e.say(
    "monitoring",
    monitor
      ? `entry ${terminal} is newer than every distinguished one, so this browser has to come back and check that the version stayed`
      : "a distinguished entry holds the version, where its owner's monitoring meets it: nothing remains to be monitored here",
  );
  return e.steps;
}

/** As explain, for an absence. */
export function explainAbsence(
  config: Configuration,
  q: Question,
  f: FoundAbsence,
  now: number,
  reason: string,
): Step[] {
  const e = new Explanation(config, f.result.trace, f.before.head.treeSize, now);
  e.say(
    "request",
    `asked for proof that the label has no version${q.version === undefined ? "" : ` ${q.version}`}${e.told}`,
  );
  e.searchKeys("");
  e.search(true, f.result.greatest ?? 0);
  e.say("result", reason);
  e.conclusion();
  return e.steps;
}

/** What the witnesses have to do with a result. */
export function explainWitnesses(w: Witnessed): Step[] {
  const steps: Step[] = [];
  const say = (text: string) => steps.push({ name: "witness", text: sentence(text) });
  if (w.checkpointSize > 0) {
    const who = w.cosignedBy.length > 0 ? `${w.cosignedBy.join(", ")} cosigned` : "no witness has cosigned";
    const size = countOf(w.checkpointSize, "entry", "entries");
    say(
      `the log ${w.origin} publishes the same entries as another tree (RFC 6962); it has signed its state of ${size}, which ${who}; the policy asks for ${w.quorum}; it continues every such state that this browser has seen before`,
    );
  }
  if (w.settled) say(wordingOf(w.quorum).settledStep);
  else
    say(
      `${w.reason}; until that changes, others may be shown something else there, and this browser looks again at its next contact`,
    );
  return steps;
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

class Explanation {
  readonly steps: Step[] = [];
  readonly #times = new Map<number, number>();

  constructor(
    private readonly config: Configuration,
    private readonly trace: readonly TraceStep[],
    private readonly verified: number,
    private readonly now: number,
  ) {
    for (const t of trace) {
      if (t.step === "lookup") this.#times.set(t.position, t.timestamp);
      if (t.step === "view") for (const e of t.entries) this.#times.set(e.position, e.timestamp);
    }
  }

  /** What the directory was told of this browser. */
  get told(): string {
    const n = this.verified;
    const what = n === 0 ? "nothing yet" : `its first ${countOf(n, "log entry", "log entries")}`;
    return `, telling the directory that this browser has verified ${what}`;
  }

  say(name: Step["name"], text: string, logEntry?: number): void {
    const time = logEntry === undefined ? undefined : this.#times.get(logEntry);
    this.steps.push({
      name,
      text: sentence(text),
      ...(logEntry !== undefined && { logEntry }),
      ...(time !== undefined && { time }),
    });
  }

  searchKeys(answer: string): void {
    const versions = this.trace.flatMap((t) => (t.step === "vrf" ? [t.version] : []));
    this.say(
      "search-keys",
      `${answer}${countOf(versions.length, "VRF proof verifies", "VRF proofs verify")} (RFC 9381) under the pinned VRF key: they give the places in the prefix tree where versions ${versions.join(", ")} of exactly this label must be, and the directory cannot choose others`,
    );
  }

  search(greatest: boolean, target: number): void {
    const lookups = this.trace.flatMap((t) => (t.step === "lookup" ? [t] : []));
    const first = lookups[0]?.position;
    this.say(
      "search",
      greatest
        ? `the search begins at entry ${first} and follows the right edge of the log to its last entry`
        : `a binary search over the log for the first entry that holds version ${target}`,
      greatest ? first : undefined,
    );
    for (const t of lookups) {
      const of = (included: boolean) =>
        t.lookups.filter((l) => l.included === included).map((l) => l.version);
      const [there, missing] = [of(true), of(false)];
      const parts = [
        there.length && `present: ${there.join(", ")}`,
        missing.length && `absent: ${missing.join(", ")}`,
      ];
      const text = parts.filter(Boolean).join("; ") || "nothing to look up that was not settled before";
      this.say("lookups", `entry ${t.position} (${timeText(t.timestamp)}): ${text}`, t.position);
    }
  }

  conclusion(): void {
    for (const t of this.trace) {
      if (t.step === "log") {
        const parts = `${countOf(t.entries.length, "log entry", "log entries")}, ${countOf(t.elements, "more hash", "more hashes")}`;
        this.say(
          "log-root",
          `${parts} and what was retained lead to the root ${encodeHex(t.root)} of a log of ${countOf(t.size, "entry", "entries")}, of which everything verified earlier is a part`,
        );
      } else if (t.step === "head") {
        this.say(
          "signature",
          t.updated
            ? `the directory's signature over that root and size verifies under the pinned key (${cipherSuiteName(this.config.suite)})`
            : "that is the root whose signature was verified before: nothing has been added since",
        );
        this.say("time", this.timeText(t.timestamp));
      } else if (t.step === "auditor") {
        this.say(
          "signature",
          `the auditor's signature over the log of ${countOf(t.size, "entry", "entries")} verifies`,
        );
      } else if (t.step === "value") {
        this.say("signature", "the operator's signature of the value verifies");
      }
    }
  }

  private timeText(timestamp: number): string {
    const { maxBehind, maxAhead } = this.config;
    const seconds = Math.round((this.now - timestamp) / 1000);
    const ago = seconds < 0 ? `${-seconds} s ahead of this clock` : `${seconds} s ago`;
    return `the last log entry is of ${timeText(timestamp)}, ${ago}; ${maxBehind / 1000} s behind and ${maxAhead / 1000} s ahead are allowed`;
  }
}
