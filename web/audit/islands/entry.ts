/** The page of a log entry: its bytes, and the proof that they are in the log. */
import { encodeHex, logEntryHash, type EntryResult } from "@ghostlight/client";
import { claimMark, markClaim, shownOtherText } from "./claim.js";
import { code, el, place, time } from "./dom.js";
import { download } from "./download.js";
import { grouped } from "./grouped.js";
import { isDrawingOf, isProofList, proofList } from "./inclusion.js";
import { shownFailure, shownOf } from "./outcome.js";
import type { Page } from "./page.js";
import { showVerdict } from "./verdict.js";
import { openSession } from "./view.js";

/** The last time of the calendar, in ms: the server writes later ones otherwise. */
const lastTime = 253402300799999;

export async function run(page: Page): Promise<void> {
  const section = place("verdict");
  try {
    // The address says which entry was asked for; the page may say another.
    const position = Number(/\/log\/(\d+)$/.exec(location.pathname)?.[1] ?? NaN);
    const { client } = await openSession(page);
    const result = await client.entry(position);
    markClaim(place("changes"));
    const differing = [
      ...replaceTitle(position),
      ...replaceFacts(place("entry"), result),
      ...replaceProof(place("proof"), result),
    ];
    const verified = `Your browser verified that entry ${position} is in the log.`;
    const other = differing.length > 0;
    showVerdict(
      section,
      other ? shownOtherText(`entry ${position}`, differing) : shownOf(result.verdict, { verified }),
    );
  } catch (failure) {
    showVerdict(section, shownFailure(failure));
  }
}

/** Puts the number of the entry in the title. Returns whether it was another one, in words. */
function replaceTitle(position: number): string[] {
  const title = document.querySelector("h1");
  const text = `Log entry ${grouped(position)}`;
  const same = title?.textContent.trim() === text;
  if (title) title.textContent = text;
  return same ? [] : ["the number of the entry"];
}

/** Puts what was verified in the place of the server's facts. Returns what was other, in words. */
function replaceFacts(list: HTMLElement, r: EntryResult): string[] {
  const { timestamp, prefixTree } = r;
  const facts: [string, HTMLElement][] = [
    ["Time", time(timestamp)],
    ["Root of the prefix tree", code(encodeHex(prefixTree))],
    ["The entry itself, 40 bytes", code(encodeHex(r.bytes))],
    ["Leaf hash, RFC 6962", code(encodeHex(r.leafHash))],
    ["Leaf hash, KEYTRANS", code(encodeHex(logEntryHash({ timestamp, prefixTree })))],
  ];
  const said = [...list.querySelectorAll("dt")];
  const differing = facts.flatMap(([name, value], i) => {
    const fact = said[i]?.nextElementSibling;
    const same = said[i]?.textContent.trim() === name && fact && agrees(fact, value, timestamp);
    return same ? [] : [name];
  });
  // What the server says besides, such as which entries are distinguished, stays its claim.
  const more = said.slice(facts.length).flatMap((term) => {
    const fact = term.nextElementSibling;
    return fact ? [el("dt", {}, term.textContent, " ", claimMark()), fact] : [];
  });
  list.replaceChildren(
    ...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]),
    ...more,
  );
  return differing;
}

/** Whether a fact of the server's is a value. Times have an age after them. */
function agrees(fact: Element, value: HTMLElement, timestamp: number): boolean {
  const text = fact.textContent.trim();
  if (!(value instanceof HTMLTimeElement)) return text === value.textContent;
  return timestamp > lastTime || text.startsWith(`${value.textContent}, `);
}

/** Puts the verified proof in the place of the server's. Returns what was other, in words. */
function replaceProof(section: HTMLElement, r: EntryResult): string[] {
  const { size } = r.checkpoint;
  const drawing = section.querySelector("svg");
  const comparable = section.dataset["size"] === String(size);
  const drawn = comparable && drawing !== null && isDrawingOf(r, drawing);
  const listed = isProofList(r, section.querySelector("ol"));
  if (drawn) {
    const label = `Inclusion proof of entry ${grouped(r.position)}, drawn as a tree. The list below says the same.`;
    drawing.setAttribute("aria-label", label);
  }
  section.replaceChildren(
    el("h2", { id: "proof-title" }, "Proof that it is in the log"),
    el(
      "p",
      {},
      `In the tree of ${grouped(size)} ${size === 1 ? "entry" : "entries"}, which is that of the checkpoint. Your browser hashed the entry, then combined it with each sibling on the way up: what came out is the root.`,
    ),
    drawn ? drawing : el("p", {}, undrawn(comparable)),
    el("h3", {}, "The same in words"),
    proofList(r),
    el(
      "p",
      {},
      download("Save the proof (tlog-proof)", `entry-${r.position}.tlog-proof`, r.file, "text/plain"),
    ),
  );
  if (!comparable) return [];
  return [...(drawn ? [] : ["the drawing of the proof"]), ...(listed ? [] : ["the proof in words"])];
}

function undrawn(comparable: boolean): string {
  return comparable
    ? "The server’s drawing was of something else than the proof, and was removed."
    : "The server’s drawing was of another size of the log. As it could not be compared, it was removed.";
}
