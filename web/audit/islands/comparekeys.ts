/** The part of the compare page about the keys of a label. */
import { encodeHex, type LookupResult } from "@ghostlight/client";
import { NoQuestion, questionOf } from "./asking.js";
import {
  comparePart,
  differingGroups,
  digitsElement,
  pasteForm,
  qrFigure,
  shownDigits,
  type Part,
} from "./comparepart.js";
import { digitsWords } from "./digits.js";
import { code, el, foreign, type Child } from "./dom.js";
import { byBrowser } from "./examined.js";
import { fingerprint, keyCards, readValue } from "./keys.js";
import { compareKeySets, type Foreign, type KeysComparison, type OwnKeys } from "./keysetmatch.js";
import { shownFailure, shownOf } from "./outcome.js";
import type { Open } from "./pagesession.js";
import type { Shown } from "./verdict.js";

const same = "The keys are the same: you are shown what they are.";

/** The part. A label is looked up, and verified, before its keys can be compared. */
export function compareKeysPart(open: Open): Part {
  const part = comparePart(
    "keys",
    "Keys of a label",
    "The keys of somebody, as the directory shows them to you, and as that person, or a third one, has them.",
  );
  let own: OwnKeys | undefined;
  const result = el("div", { class: "own-keys" });
  part.yours.append(
    el("h3", {}, "As you are shown them"),
    labelForm(async (label) => {
      own = undefined;
      try {
        own = await lookUp(part, result, open, label);
      } catch (failure) {
        result.replaceChildren();
        part.show(failure instanceof NoQuestion ? noKeys(failure.message) : shownFailure(failure));
      }
    }),
    result,
  );
  part.theirs.append(
    el("h3", {}, "As they have them"),
    pasteForm(
      "their-keys",
      "Fingerprints, sixty digits, or the SHA-256 of the value",
      "Compare keys",
      (text) => {
        if (!own) part.show(noKeys("Look the label up first, on the other side."));
        else show(part, own, compareKeySets(own, text));
      },
    ),
  );
  return part;
}

function labelForm(ask: (label: string) => Promise<void>): HTMLFormElement {
  const input = el("input", {
    type: "text",
    id: "compare-label",
    autocomplete: "off",
    spellcheck: "false",
    dir: "auto",
  });
  const submit = el("button", { type: "submit" }, "Look up");
  const form = el(
    "form",
    { class: "ask" },
    el("p", { class: "field" }, el("label", { for: "compare-label" }, "Label"), input),
    el("p", {}, submit),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit.disabled = true;
    void ask(input.value).finally(() => (submit.disabled = false));
  });
  return form;
}

async function lookUp(
  part: Part,
  result: HTMLElement,
  open: Open,
  typed: string,
): Promise<OwnKeys | undefined> {
  const { label } = questionOf(typed, "");
  result.replaceChildren(el("p", { role: "status" }, "Asking the directory, and verifying what it answers."));
  const { client } = await open();
  const found = await client.lookup(label);
  if (found.kind === "absent") {
    result.replaceChildren();
    part.show(shownOf(found.verdict, { verified: "Proven absent: there is no such label." }));
    return undefined;
  }
  return describe(part, result, found);
}

async function describe(part: Part, result: HTMLElement, r: LookupResult): Promise<OwnKeys> {
  const [value, { digestQRText, rosterDigest }] = await Promise.all([
    readValue(r.value),
    import("@ghostlight/client/roster"),
  ]);
  const sha256 = encodeHex(r.sha256);
  const digits = rosterDigest([{ label: r.label, version: r.version, valueSHA256: sha256 }]);
  const keys = value.kind === "keys" ? value.keys : [];
  part.show(shownOf(r.verdict, { verified: `Version ${r.version} is proven. Compare it now.` }));
  result.replaceChildren(
    el("p", {}, foreign(r.label), `, version ${r.version}`),
    digitsElement(digits),
    el(
      "p",
      { class: "note small" },
      "The digits of this label alone, as “kt roster digest” makes them of a roster.",
    ),
    qrFigure(digestQRText(digits), "the sixty digits"),
    ...(value.kind === "keys" ? [keyCards(keys, Date.now())] : [el("p", {}, value.why)]),
    el("p", { class: "small" }, "SHA-256 of the value: ", code(sha256)),
  );
  return { fingerprints: keys.map((key) => key.fingerprint), sha256, digits };
}

function noKeys(reason: string): Shown {
  return { badge: "unchecked", headline: "There is nothing to compare yet.", reason, checkedBy: [] };
}

function show(part: Part, own: OwnKeys, c: KeysComparison): void {
  switch (c.kind) {
    case "empty":
      return part.show(noKeys("There is nothing in the box."));
    case "unknown":
      return part.show(noKeys("Nothing in the box is a fingerprint, a SHA-256, or sixty digits."));
    case "same":
      return part.show({ badge: "verified", headline: same, reason: sameWords[c.by], checkedBy: byBrowser });
    case "digits": {
      const shown = shownDigits(c.digits, digitsWords(c.digits, own.digits), same);
      const differing = differingGroups(c.digits);
      return part.show(shown, ...(differing.length > 0 ? [digitsElement(own.digits, differing)] : []));
    }
    case "fingerprints":
      return part.show(shownFingerprints(c));
  }
}

const sameWords = {
  digits: "All sixty digits are the same.",
  value: "The values have the same SHA-256.",
  fingerprints: "Every fingerprint is there, and no other one.",
};

function shownFingerprints(c: Extract<KeysComparison, { kind: "fingerprints" }>): Shown {
  const more: Child[] = [
    ...c.foreign.map((one) => el("p", {}, ...foreignWords(one))),
    ...c.untold.map((one) => el("p", {}, "Nobody told: ", fingerprint(one))),
  ];
  const told = toldWords(c.same.length, c.same.length + c.untold.length);
  if (c.foreign.length === 0)
    return { badge: "unchecked", headline: "Not all keys were compared.", reason: told, checkedBy: [], more };
  return {
    badge: "changed",
    headline: "A key was told that you are not shown.",
    reason: `${told} If it is not mistyped, do not rely on the keys: one of you is shown others.`,
    checkedBy: byBrowser,
    more,
  };
}

function toldWords(same: number, all: number): string {
  if (same === 0) return all === 1 ? "The key was not told." : `None of the ${all} keys was told.`;
  if (same === all) return all === 1 ? "The key is the same." : `The ${all} keys are the same.`;
  return `${same} of the ${all} keys ${same === 1 ? "was told, and is" : "were told, and are"} the same.`;
}

function foreignWords({ text, near }: Foreign): Child[] {
  const told: Child[] = ["Not in your set: ", fingerprint(text)];
  if (!near) return told;
  const groups =
    near.groups.length === 1 ? `group ${near.groups[0] ?? 1}` : `groups ${near.groups.join(", ")}`;
  return [...told, `, which differs in ${groups} from `, fingerprint(near.fingerprint)];
}
