import { maxBatch } from "../extensions.js";
import { Failure, isFailure } from "../failure.js";
import { Problem } from "../problem.js";
import { Following, missingPast, nextVersion, type Past, readAccount } from "./account.js";
import { askBatch } from "./batch.js";
import { keepContact, search, type Question } from "./lookup.js";
import type { Operation } from "./operation.js";
import { contactOf, type Standing } from "./state.js";

/**
 * How many versions are followed from the one that was followed before. If there are more, the
 * next lookup goes on.
 */
const maxFollowed = 256;

/** How many are looked back from a version, if no account key of the label is known. */
export const maxLookedBack = 64;

/** How many of these are asked for by themselves if the directory does not answer many at once. */
const always = 2;

export const stepAccount = "checking the account key";

/** Where older versions of a label come from: the directory, but for those that were looked up already. */
export class Older {
  readonly had = new Map<number, Past>();
  readonly #op: Operation;
  readonly label: string;

  constructor(op: Operation, label: string) {
    this.#op = op;
    this.label = label;
  }

  get retained(): Standing | undefined {
    return contactOf(this.#op.state, this.label).account;
  }

  says(version: number): boolean {
    return this.had.get(version)?.says ?? false;
  }

  /** An older version. That its value is not to be had is no error. Throws a Failure. */
  async get(version: number): Promise<Past> {
    const known = this.had.get(version);
    if (known) return known;
    const past = await pastVersion(this.#op, { label: this.label, version });
    this.had.set(version, past);
    return past;
  }

  /**
   * Looks up those of the versions that it can with as few requests as the directory permits.
   * What batches have no value of is left to get.
   */
  async fetch(versions: readonly number[]): Promise<void> {
    let wanted = versions.filter((v) => !this.had.has(v));
    while (wanted.length > 1) {
      const questions = wanted.slice(0, maxBatch).map((version) => ({ label: this.label, version }));
      const answered = await askOlder(this.#op, questions, () => this);
      if (answered === 0) return;
      wanted = wanted.slice(answered);
    }
  }

  /**
   * Follows the versions from the one after known up to last, which was found. Without an account
   * key known, it begins some versions before. If there are too many to follow now, the result is
   * about as many as were followed.
   */
  async followTo(known: Standing | undefined, last: Past): Promise<Following> {
    const { number } = last.version;
    const next = nextVersion(known);
    const first = known?.key !== undefined ? next : Math.max(Math.max(number - maxLookedBack, 0), next);
    const end = Math.min(number, first + maxFollowed - 1);
    await this.fetch(range(first, Math.min(end + 1, number)));
    const f = new Following(known, this.retained);
    for (const version of range(first, end + 1))
      f.follow(version === number ? last : await this.get(version));
    return f;
  }

  /**
   * Follows last, which says nothing of an account key, as does known: from the oldest of the
   * versions before it that are looked at. One of them may have an account key, and then last is
   * an unsigned version: a directory that adds one must not get it past those who look at the
   * label for the first time.
   */
  async lookBack(known: Standing | undefined, last: Past): Promise<Following> {
    const versions = lookedAt(nextVersion(known), last.version.number);
    if (versions.length > 1) await this.fetchOnce(versions);
    for (const version of versions.slice(0, always)) await this.get(version);
    const ascending = [...versions].sort((a, b) => a - b);
    const [lowest, ...others] = ascending;
    const isGapless = ascending.length < maxLookedBack;
    // That the lowest version is beyond a gap does not matter: the key may have been rotated there.
    if (others.some((v) => this.says(v)) || (lowest !== undefined && isGapless && this.says(lowest))) {
      return this.followTo(known, last);
    }
    const f = new Following(known, undefined);
    for (const version of ascending) {
      const past = this.had.get(version);
      if (past) f.follow(past);
    }
    f.follow(last);
    return f;
  }

  private async fetchOnce(versions: readonly number[]): Promise<void> {
    const questions = versions
      .filter((v) => !this.had.has(v))
      .map((version) => ({ label: this.label, version }));
    if (questions.length > 1) await askOlder(this.#op, questions.slice(0, maxBatch), () => this);
  }
}

/** The numbers from first up to, but without, end. */
export function range(first: number, end: number): number[] {
  return Array.from({ length: Math.max(end - first, 0) }, (_, i) => first + i);
}

/**
 * The versions that are looked at before one, if the account key is not known up to lowest: the
 * one before it, the lowest, because a label that had an account key has one for ever, and those
 * between from the newest on, as far as there are not too many.
 */
export function lookedAt(lowest: number, version: number): number[] {
  if (version <= lowest) return [];
  const out = [version - 1];
  if (lowest < version - 1) out.push(lowest);
  for (let v = version - 2; v > lowest && out.length < maxLookedBack; v--) out.push(v);
  return out;
}

/** Looks up an older version. */
async function pastVersion(op: Operation, q: { label: string; version: number }): Promise<Past> {
  try {
    return readAccount(await search(op, q, keepContact));
  } catch (error) {
    const problem = problemOf(error);
    if (!problem) throw error;
    if (["version-expired", "erased", "version-skipped"].includes(problem.type))
      return missingPast(q.label, q.version);
    if (!problem.denies) throw error;
    // There is a greater version, so this is no denial that could be proven.
    const message = `the directory denies version ${q.version}, though it has a greater one`;
    throw new Failure("undecided", stepAccount, message);
  }
}

/** What the directory said, if that is why an operation failed. */
export function problemOf(error: unknown): Problem | undefined {
  const cause = error instanceof Failure ? error.cause : error;
  return cause instanceof Problem ? cause : undefined;
}

/**
 * Asks for some older versions with one request, and adds those that have a value to what was
 * had of their labels. Returns how many questions the directory answered, 0 if it does not
 * answer many at once. Throws a Failure of the kind misbehaviour.
 */
export async function askOlder(
  op: Operation,
  questions: readonly Question[],
  sourceOf: (label: string) => Older | undefined,
): Promise<number> {
  try {
    const answers = await askBatch(op, questions, keepContact);
    for (const { found } of answers) {
      if (found) sourceOf(found.label)?.had.set(found.result.version, readAccount(found));
    }
    return answers.length;
  } catch (error) {
    if (isFailure(error, "misbehaviour") || op.signal?.aborted) throw error;
    return 0;
  }
}
