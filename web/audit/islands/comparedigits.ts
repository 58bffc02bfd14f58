/** The part of the compare page about the digits of rosters. */
import {
  comparePart,
  differingGroups,
  digitsElement,
  pasteForm,
  qrFigure,
  shownDigits,
  type Part,
} from "./comparepart.js";
import { compareDigits, digitsIn, digitsWords } from "./digits.js";
import { el } from "./dom.js";

/** What the QR code of a digest holds: docs/roster.md, "The digest". */
const qrPrefix = "GHOSTLIGHT-ROSTER:1:";

const isDigest = (digits: string) => /^[0-9]{60}$/.test(digits);

/** The part. `own` are the digits that another page worked out in this browser, if it did. */
export function compareDigitsPart(base: string, own: string | undefined): Part {
  const part = comparePart(
    "digits",
    "Digits of a roster",
    "Members of a conversation who are shown the same labels with the same keys have the same sixty digits. ",
    el("a", { href: `${base}/roster` }, "Check a roster"),
    " to have yours.",
  );
  let digits: string | undefined;
  const shown = el("div", { class: "own-digits" });
  const take = (text: string) => {
    const typed = digitsIn(text);
    digits = isDigest(typed) ? typed : undefined;
    shown.replaceChildren(
      ...(digits === undefined ? [] : [digitsElement(digits), qrFigure(qrPrefix + digits, "your digits")]),
    );
    if (digits === undefined) part.show(noDigits(typed));
  };
  part.yours.append(
    el("h3", {}, "Yours"),
    pasteForm(
      "own-digits",
      "What your roster page, or “kt roster digest”, shows you",
      "These are mine",
      take,
    ),
    shown,
  );
  if (own !== undefined) take(own);
  part.theirs.append(
    el("h3", {}, "Theirs"),
    pasteForm(
      "their-digits",
      "Their digits, in any groups, or the text of their QR code",
      "Compare digits",
      (text) => {
        if (digits === undefined) return part.show(noDigits(""));
        const found = compareDigits(digits, text);
        const differing = differingGroups(found);
        const verdict = shownDigits(found, digitsWords(found, digits), "The digits are the same.");
        part.show(verdict, ...(differing.length > 0 ? [digitsElement(digits, differing)] : []));
      },
    ),
  );
  return part;
}

function noDigits(typed: string) {
  const reason =
    typed === ""
      ? "Put your own digits in first, on the left: those that a check of the roster in this browser, or kt, gave you."
      : `Sixty digits are needed, and there are ${typed.length} characters that could be digits.`;
  return {
    badge: "unchecked" as const,
    headline: "There are no digits of yours to compare with.",
    reason,
    checkedBy: [],
  };
}
