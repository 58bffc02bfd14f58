import assert from "node:assert/strict";

import { type Configuration } from "../src/index.js";
import { Walk, type IsLast, type Source } from "../src/walk.js";
import { testShared } from "./vectors.js";

const none = new Uint8Array();
const config: Configuration = {
  suite: 2,
  mode: 1,
  signaturePublicKey: none,
  vrfPublicKey: none,
  maxAhead: 0,
  maxBehind: 0,
  reasonableMonitoringWindow: 0,
};

/** Answers lookups in whatever entry, and records them. */
class ScriptedSource implements Source {
  readonly asked: number[] = [];
  readonly results: boolean[] = [];

  constructor(private readonly greatest: number) {}

  timestamp(): number {
    return 0;
  }

  lookup(_: number, versions: readonly number[], isLast: IsLast) {
    const lookups = [];
    for (const version of versions) {
      const included = version <= this.greatest;
      this.asked.push(version);
      this.results.push(included);
      lookups.push({ version, included, depth: 0 });
      if (isLast(version, included)) break;
    }
    return { lookups, prefixTree: none };
  }
}

const orders = new Map([
  [-1, "less"],
  [0, "equal"],
  [1, "greater"],
]);

testShared<{ greatest: number; target: number; ladder: number[]; results: boolean[] }, { verdict: number }>(
  "ladder-interpretation",
  { agreed: 211 },
  ({ input, expect }) => {
    const source = new ScriptedSource(input.greatest);
    const got = new Walk(source, config, 1).searchLadder(0, input.target, false);
    assert.deepEqual(source.asked, input.ladder);
    assert.deepEqual(source.results, input.results);
    assert.equal(got, orders.get(expect.verdict));
    return "agreed";
  },
);

interface LadderInput {
  kind: string;
  greatest?: number;
  target?: number;
  left_inclusion?: number[];
  right_non_inclusion?: number[];
}

// "dishonest": a version that exists here is absent from an entry to the right. A walk, which knows the
// log by its answers alone, ends the ladder at the outcome that it knows of; the vector does not.
testShared<LadderInput, { versions: number[] }>(
  "binary-ladder",
  { agreed: 21, dishonest: 2, "not of a walk": 53 },
  ({
    input: { kind, greatest = 0, target = 0, left_inclusion: l = [], right_non_inclusion: r = [] },
    expect,
  }) => {
    if (kind !== "search") return "not of a walk";
    if (l.some((v) => v > greatest) || r.some((v) => v <= greatest)) return "dishonest";
    const source = new ScriptedSource(greatest);
    const w = new Walk(source, config, 3);
    for (const v of l) w.note(0, v, true);
    for (const v of r) w.note(2, v, false);
    w.searchLadder(1, target, true);
    assert.deepEqual(source.asked, expect.versions);
    return "agreed";
  },
);

interface DistinguishedExpect {
  rightmost?: number;
  previous_rightmost?: number;
  requested: number[];
  requested_rightmost: number[];
  requested_previous: number[];
}

// "empty": an empty log has no entries to choose from.
// "one more": where the answer is the entry before the last one, the peer also requests that entry's
// own timestamp, which does not decide whether it is distinguished.
testShared<{ size: number; window: number; timestamps: number[] }, DistinguishedExpect>(
  "distinguished",
  { agreed: 35, "one more": 6, empty: 1 },
  ({ input: { size, window, timestamps }, expect }) => {
    if (size === 0) {
      assert.deepEqual(
        [expect.rightmost, expect.previous_rightmost, expect.requested],
        [undefined, undefined, []],
      );
      return "empty";
    }
    const requested = new Set<number>();
    const source: Source = {
      timestamp: (position) => {
        requested.add(position);
        return timestamps[position] ?? 0;
      },
      lookup: () => {
        throw new Error("nothing is looked up");
      },
    };
    const windowed = { ...config, reasonableMonitoringWindow: window };
    assert.equal(new Walk(source, windowed, size).rightmostDistinguished(), expect.rightmost);
    assert.deepEqual([...requested], expect.requested_rightmost);
    requested.clear();
    // What an owner's update needs: the rightmost one before the last entry.
    const last = size - 1;
    const path = last > 0 ? new Walk(source, windowed, size).distinguishedPath(last - 1) : [last];
    if (last === 0) requested.add(last);
    assert.equal(path.filter((position) => position !== last).at(-1), expect.previous_rightmost);
    const got = [...requested];
    if ([...got, last - 1].join() !== expect.requested_previous.join()) {
      assert.deepEqual(got, expect.requested_previous);
      return "agreed";
    }
    assert.equal(expect.previous_rightmost, last - 1);
    return "one more";
  },
);
