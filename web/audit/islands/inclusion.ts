/** The proof that an entry is in the log: in words and, if it says the same, as the server drew it. */
import { encodeHex, hashChildren, inclusionRanges, type EntryResult, type Range } from "@ghostlight/client";
import { code, el } from "./dom.js";
import { grouped } from "./grouped.js";

/** A node of the tree: the hash over a range of entries. */
interface Node {
  readonly range: Range;
  readonly hash: string;
}

interface Step {
  readonly left: boolean;
  readonly sibling: Node;
  readonly computed: Node;
}

/** The steps from the leaf to the root. */
export function stepsOf(r: EntryResult): Step[] {
  let range: Range = [r.position, r.position + 1];
  let node = r.leafHash;
  return inclusionRanges(r.position, r.checkpoint.size).map((other, i) => {
    const sibling = r.proof[i] ?? new Uint8Array();
    const left = other[0] < range[0];
    node = left ? hashChildren(sibling, node) : hashChildren(node, sibling);
    range = [Math.min(range[0], other[0]), Math.max(range[1], other[1])];
    return {
      left,
      sibling: { range: other, hash: encodeHex(sibling) },
      computed: { range, hash: encodeHex(node) },
    };
  });
}

function leafOf(r: EntryResult): Node {
  return { range: [r.position, r.position + 1], hash: encodeHex(r.leafHash) };
}

/** The proof in words. */
export function proofList(r: EntryResult): HTMLElement {
  const leaf = leafOf(r);
  return el(
    "ol",
    { class: "proof-list" },
    el("li", {}, `Entry ${entries(leaf.range)} hashes to `, code(leaf.hash), "."),
    ...stepsOf(r).map(({ left, sibling, computed }) =>
      el(
        "li",
        {},
        `With entries ${entries(sibling.range)} on its ${left ? "left" : "right"}, `,
        code(sibling.hash),
        ", it makes ",
        code(computed.hash),
        ` over entries ${entries(computed.range)}.`,
      ),
    ),
    el("li", {}, "The root of the tree is ", code(encodeHex(r.checkpoint.root)), "."),
  );
}

/** Whether a list of the server is the proof in words. */
export function isProofList(r: EntryResult, list: Element | null): boolean {
  return list !== null && plain(list) === plain(proofList(r));
}

/** Whether a drawing of the server has the boxes of the proof and no other text. */
export function isDrawingOf(r: EntryResult, drawing: Element): boolean {
  const boxes = [leafOf(r), ...stepsOf(r).flatMap(({ sibling, computed }) => [sibling, computed])];
  const texts = boxes.flatMap(({ range, hash }) => [hash.slice(0, 8), caption(range)]);
  return plain(drawing) === texts.join("").replace(/\s/g, "");
}

/** The text of an element without white space, in which templates differ. */
function plain(element: Element): string {
  return (element.textContent ?? "").replace(/\s/g, "");
}

function entries([lo, hi]: Range): string {
  return hi - lo === 1 ? grouped(lo) : `${grouped(lo)}–${grouped(hi - 1)}`;
}

/** As the server captions a box. */
function caption(range: Range): string {
  const text = entries(range);
  return text.length <= 17 ? text : `2^${Math.floor(Math.log2(range[1] - range[0]))} or more`;
}
