import assert from "node:assert/strict";

import {
  decodeHex,
  encodeHex,
  encodeSearchResponse,
  logEntryHash,
  logtree,
  parseSearchResponse,
  verifyTreeHead,
  type SearchRequest,
  type SearchResponse,
} from "../src/index.js";
import { fixedVersion, greatestVersion } from "../src/search.js";
import { searchKeys } from "../src/verify-search.js";
import { parseVrfPublicKey } from "../src/vrf/index.js";
import * as shared from "./sharedlog.js";
import { refusal, testShared, type Outcome } from "./vectors.js";

interface Input extends shared.SharedLog {
  version?: number;
}

interface Expect extends shared.SharedProof {
  response?: string;
  tree_size?: number;
  version?: number;
  opening?: string;
  error?: string;
  binary_ladder?: unknown[];
}

// "no response": the vector has an error in place of a response.
// "unsigned": without the retained heads, every element of the proof is consumed, but the root and so
// the signature cannot be checked.
// "older": agreed, under the text of the draft before 2026-07-28.
testShared<Input, Expect>(
  "search",
  { agreed: 8, refused: 2, "no response": 1, unsigned: 1, older: 1 },
  ({ input, expect }): Outcome => {
    if (expect.error !== undefined) {
      assert.match(expect.error, /expired/);
      return "no response";
    }
    const v = shared.verifier(input);
    const q: SearchRequest = { last: input.last, label: decodeHex(input.label), version: input.version };
    const p = parseSearchResponse(v.configuration, q, decodeHex(expect.response ?? ""));
    assert.equal(encodeHex(encodeSearchResponse(v.configuration, p)), expect.response);
    assert.equal(p.fullTreeHead.treeHead?.treeSize, expect.tree_size);
    assert.equal(encodeHex(p.opening), expect.opening);
    assert.equal(p.version, expect.version);
    shared.checkProof(expect, p.search);
    const version = input.version ?? p.version ?? 0;
    const search = () => v.search(shared.sharedView(input), q, p, shared.now(input));
    if (version >= shared.values(input).length) {
      assert.equal(refusal(search), expect.binary_ladder?.length === 1 ? "proof" : "no-version");
      return "refused";
    }
    assert.equal(encodeHex(p.value.value), shared.values(input)[version]);
    if (input.last === undefined) {
      const r = search();
      assert.equal(r.version, version);
      return "agreed";
    }
    if (input.version === undefined) {
      const s = shared.begin(input, p.fullTreeHead, p.search, keysOf(input, q, p, version));
      s.walk.updateView(input.last);
      greatestVersion(s.walk, version);
      shared.finish(s);
      return "unsigned";
    }
    checkOldSearch(input, input.last, q, p);
    assert.equal(refusal(search), "proof", "under the present text");
    return "older";
  },
);

function keysOf(l: Input, q: SearchRequest, p: SearchResponse, version: number) {
  const config = shared.configuration(l);
  const rules = { config, vrf: parseVrfPublicKey(config.suite, config.vrfPublicKey) };
  return searchKeys(rules, q.label, version, p, []);
}

/**
 * Verifies, under the older text of the view update, a search for a version in a log of 7 entries
 * by a user who has seen 4 of them: the update gives the user nothing, because the rightmost entry
 * that it has seen is still on the frontier.
 */
function checkOldSearch(l: Input, last: number, q: SearchRequest, p: SearchResponse): void {
  assert.deepEqual([last, l.entry_timestamps.length], [4, 7], "not the case that this was written for");
  const version = q.version ?? 0;
  const keys = keysOf(l, q, p, version);
  const walk = (subtrees?: Uint8Array[]) => {
    const s = shared.begin(l, p.fullTreeHead, p.search, keys, shared.sharedView(l, subtrees));
    fixedVersion(s.walk, version);
    return s;
  };
  // The retained heads follow from the entries 1 and 2, which the search shows.
  const leaves = walk()
    .walk.trace.flatMap((t) => (t.step === "lookup" ? [t] : []))
    .filter((t) => t.position < 3)
    .map((t) => ({ position: t.position, value: logEntryHash(t) }))
    .sort((a, b) => a.position - b.position);
  assert.deepEqual(
    leaves.map((e) => e.position),
    [1, 2],
  );
  const retained = logtree.evaluate(last, 0, [], leaves, p.search.inclusion.slice(0, 2));
  const { tree } = shared.finish(walk(retained.heads));
  const head = p.fullTreeHead.treeHead;
  assert.ok(head);
  verifyTreeHead(shared.configuration(l), head, tree.root);
}
