import { isLost } from "../client/batch.js";
import { labelBytes } from "../client/label.js";
import { problemOf } from "../client/older.js";
import { proceed } from "../client/proceed.js";
import { Failure } from "../failure.js";
import { distinguishedPath, isDistinguished, leftSpan, rightSpan, rootSpan } from "../ibst.js";
import { hasClaims, ownerGreatest, type Owner } from "../owner.js";
import { encodeOwnerInitRequest, encodeUpdateRequest } from "../requests.js";
import { parseOwnerInitResponse, parseUpdateResponses } from "../responses.js";
import { lastSize } from "../view.js";
import { isUnstored } from "./ask.js";
import type { Checking } from "./checking.js";
import { raiseNotBefore, versionOf, type Facts } from "./facts.js";
import type { Question } from "./report.js";

/** Bounds the requests about one label. */
const maxSteps = 64;

const step = "asking when a version was created";

function unproven(more = ""): Failure {
  return new Failure("undecided", step, `the directory did not prove which log entry did${more}`);
}

/**
 * Finds out when exactly versions were created, from the rightmost distinguished entry on that is
 * not later than the time that matters of their label; with `all`, from the first one on. The log
 * has no cheaper answer to that. Throws what concerns all labels.
 */
export async function dateVersions(k: Checking, unclear: readonly Question[], all: boolean): Promise<void> {
  for (const f of k.facts.values()) {
    const versions = unclear.filter((q) => q.label === f.label).map((q) => q.version);
    if (versions.length === 0 || f.versions.length === 0) continue;
    try {
      if (k.broken) throw k.broken;
      await new Dating(k, f, versions).run(all ? -Infinity : f.since);
    } catch (error) {
      if (!(error instanceof Failure) || isUnstored(k, error)) throw error;
      if (error.kind === "misbehaviour") k.contradicted(f, error.evidence);
      else unsettle(f, versions, error.message);
      if (isLost(k.op, error)) k.broken = error;
    }
  }
}

/** Says of versions why it is not known better when they were created. */
function unsettle(f: Facts, versions: readonly number[], why: string): void {
  for (const number of versions) {
    const v = versionOf(f, number);
    if (v && v.notBefore !== v.notAfter) v.unsettled = why;
  }
}

/**
 * Finds out when versions of one label were created, by the owner's algorithm (KEYTRANS, "Owner
 * Algorithm"): from a distinguished log entry on, the directory is asked for what is new, and
 * proves which entries created it. The client does not become an owner: what an owner would
 * retain is dropped.
 */
class Dating {
  readonly #k: Checking;
  readonly #f: Facts;
  readonly #versions: readonly number[];
  /** Entries of unknown time that the directory says have expired. */
  readonly #lapsed = new Set<number>();
  #owner: Owner | undefined;

  constructor(k: Checking, f: Facts, versions: readonly number[]) {
    this.#k = k;
    this.#f = f;
    this.#versions = versions;
  }

  /** Begins at the rightmost distinguished entry not later than a time. */
  async run(from: number): Promise<void> {
    const start = await this.#begin(from);
    if (start === 0) this.#exactly(0, -1); // what was there in the first entry was created by it
    for (let i = 0; i < maxSteps; i++) {
      if (this.#versions.every((number) => number <= this.#greatest)) return this.#convinced();
      await this.#step();
    }
    throw unproven(` within ${maxSteps} requests`);
  }

  get #greatest(): number {
    return (this.#owner && ownerGreatest(this.#owner)) ?? -1;
  }

  /** Throws if it is open when a version was created because the directory says, and did not prove, that entries have expired. */
  #convinced(): void {
    const isOpen = (number: number) => {
      const v = versionOf(this.#f, number);
      return v !== undefined && v.notBefore === undefined;
    };
    if (this.#lapsed.size > 0 && this.#versions.some(isOpen)) throw unproven();
  }

  /** Takes the label over at the start, for as long as this takes. Timestamps that are not known yet are learned on the way. */
  async #begin(from: number): Promise<number> {
    for (let i = 0; i < maxSteps; i++) {
      const { start, isKnown } = startBefore(this.#k, from, this.#lapsed);
      try {
        await this.#init(start);
        if (isKnown) return start;
      } catch (error) {
        const mayBe = !isKnown && this.#k.op.env.config.maximumLifetime !== undefined;
        if (!mayBe || !problemOf(error)) throw error;
        this.#lapsed.add(start);
      }
    }
    throw unproven();
  }

  /** Asks what versions there are as of a distinguished entry. */
  async #init(start: number): Promise<void> {
    const { op } = this.#k;
    const { view } = op.state;
    const request = { last: lastSize(view), label: labelBytes(this.#f.label), start };
    const result = await op.ask({
      operation: "owner-init",
      label: this.#f.label,
      request: encodeOwnerInitRequest(request),
      verify(bytes, next) {
        const response = parseOwnerInitResponse(op.env.config, bytes);
        const r = op.env.verifier.ownerInit(view, request, response, op.env.now());
        proceed(next, r, op.env.now());
        return r;
      },
    });
    this.#k.learn(result);
    this.#owner = result.owner;
    this.#existed(start, result.owner.atStart ?? -1);
  }

  /** Notes that a log entry holds the versions up to greatest and no other one. */
  #existed(position: number, greatest: number): void {
    const at = this.#k.times.get(position);
    for (const number of this.#versions) {
      const v = versionOf(this.#f, number);
      if (!v || at === undefined) continue;
      if (number > greatest) raiseNotBefore(v, at);
      else if (v.notAfter > at) Object.assign(v, { notAfter: at, logEntry: position });
    }
  }

  /** Notes that a log entry created the versions above before that it holds. */
  #exactly(position: number, before: number): void {
    const at = this.#k.times.get(position);
    if (at === undefined) return;
    for (const number of this.#versions) {
      const v = versionOf(this.#f, number);
      if (v && number > before && number <= this.#greatest) {
        Object.assign(v, { notBefore: at, notAfter: at, logEntry: position });
      }
    }
  }

  /** Asks which entry created the next versions. That the directory says that there are none is an error: they are proven to be there. */
  async #step(): Promise<void> {
    const { op } = this.#k;
    const { view } = op.state;
    const owner = this.#owner;
    if (!owner) throw unproven();
    const [before, label] = [this.#greatest, labelBytes(this.#f.label)];
    const request = { last: lastSize(view), label, greatestVersion: ownerGreatest(owner), values: [] };
    const result = await op.ask({
      operation: "update",
      label: this.#f.label,
      request: encodeUpdateRequest(request),
      verify(bytes, next) {
        // The answers after the first rest on what that may only claim.
        const [response] = parseUpdateResponses(op.env.config, bytes);
        if (!response) throw unproven();
        const r = op.env.verifier.update(view, owner, request, response, op.env.now());
        proceed(next, r, op.env.now());
        return r;
      },
    });
    this.#k.learn(result);
    this.#owner = result.owner;
    await this.#confirm(result.position, before);
  }

  /** Has proven what an update response leaves open: that a distinguished entry holds the new versions, and that one before it does not. */
  async #confirm(position: number, before: number): Promise<void> {
    const [owner, greatest] = [this.#owner, this.#greatest];
    if (position > 0 && this.#isDistinguished(position - 1)) {
      await this.#init(position - 1);
      if (this.#greatest !== before) throw unproven();
    }
    if (owner && hasClaims(owner)) {
      await this.#init(position);
      if (this.#greatest !== greatest) throw unproven();
    } else {
      this.#owner = owner;
    }
    this.#exactly(position, before);
  }

  /** Throws a Failure if the timestamps that decide it are not known; an update response has them. */
  #isDistinguished(position: number): boolean {
    const { op, times } = this.#k;
    const { reasonableMonitoringWindow: window } = op.env.config;
    const { head, frontier } = op.state.view;
    const path = distinguishedPath(position, head.treeSize, frontier.at(-1)?.timestamp ?? 0, window, (at) => {
      const time = times.get(at);
      if (time === undefined) throw unproven();
      return time;
    });
    return path.at(-1) === position;
  }
}

/**
 * Goes down the distinguished entries to the rightmost one not later than a time, or to the first
 * entry if there is none, or to the first that has not expired. If it comes to one of which the
 * time is not known, nor said to be too long ago, it returns that.
 */
function startBefore(
  k: Checking,
  from: number,
  lapsed: ReadonlySet<number>,
): { start: number; isKnown: boolean } {
  const { reasonableMonitoringWindow: window, maximumLifetime: lifetime } = k.op.env.config;
  const { head, frontier } = k.op.state.view;
  const rightmost = frontier.at(-1)?.timestamp ?? 0;
  let [start, later, expired] = [0, 0, false];
  let s = head.treeSize > 0 ? rootSpan(head.treeSize, rightmost) : undefined;
  while (s && isDistinguished(s, window)) {
    const time = k.times.get(s.position);
    if (time === undefined && !lapsed.has(s.position)) return { start: s.position, isKnown: false };
    if (time === undefined) {
      expired = true;
      s = rightSpan(s, Math.max(s.left, rightmost - Math.min(rightmost, lifetime ?? 0)), head.treeSize);
    } else if (lifetime !== undefined && time <= rightmost && rightmost - time >= lifetime) {
      expired = true;
      s = rightSpan(s, time, head.treeSize);
    } else if (time > from) {
      later = s.position;
      s = leftSpan(s, time);
    } else {
      start = s.position;
      s = rightSpan(s, time, head.treeSize);
    }
  }
  return { start: start === 0 && expired ? later : start, isKnown: true };
}
