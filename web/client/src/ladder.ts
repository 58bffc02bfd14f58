// Binary ladders: the versions of a label that are looked up in one log entry's prefix tree to
// bound the greatest version that exists there. KEYTRANS, "Binary Ladder" and its appendix.

/** One more than the greatest possible version. Greater lookups are skipped: non-inclusion. */
const limit = 2 ** 32;

/**
 * Returns the versions, in lookup order, that establish `greatest` as the greatest version of a
 * label: powers of two minus one until one exceeds it, then a binary search. At most 64.
 */
export function base(greatest: number): number[] {
  const out: number[] = [];
  let lower = 0;
  let upper = 0;
  for (; upper <= greatest; upper = 2 * upper + 1) {
    lower = upper;
    out.push(upper);
  }
  out.push(upper);
  while (lower + 1 < upper) {
    const v = Math.floor((lower + upper) / 2);
    out.push(v);
    if (v <= greatest) lower = v;
    else upper = v;
  }
  return out.filter((v) => v < limit);
}

/**
 * Returns the versions of the monitoring binary ladder for a target: those of `base` that are
 * not greater. All of them exist if the log is honest.
 */
export function monitoring(target: number): number[] {
  return base(target).filter((v) => v <= target);
}

/** How the greatest version of a label that exists compares with the target version. */
export type Order = "less" | "equal" | "greater";

/**
 * Interprets one lookup of a search binary ladder for a target. It returns the order if the
 * lookup ends the ladder: a version not above the target is missing, or one above it exists. A
 * ladder that runs to the end of base(target) without that is "equal".
 *
 * Until that lookup a ladder for the target and one for the actual greatest version are the same,
 * so every search ladder is a prefix of base(target).
 */
export function step(target: number, version: number, included: boolean): "less" | "greater" | undefined {
  if (version <= target && !included) return "less";
  return version > target && included ? "greater" : undefined;
}

/**
 * Returns the lookups of a search binary ladder for a target, where `greatest` is the greatest
 * version that exists, -1 if none does, without leaving out any.
 */
export function search(target: number, greatest: number): number[] {
  const versions = base(target);
  const end = versions.findIndex((v) => step(target, v, v <= greatest) !== undefined);
  return end < 0 ? versions : versions.slice(0, end + 1);
}
