/** The page of a monitor's alert: its evidence, verified here. */
import { maxEvidenceSize, type Proof } from "@ghostlight/client/evidence";
import { askBytes } from "./ask.js";
import { code, el, place, places } from "./dom.js";
import { accusedOf, checkEvidence, type Checked } from "./evidencecheck.js";
import { sentence } from "./outcome.js";
import { inWords } from "./trouble.js";
import { showVerdict, type Shown } from "./verdict.js";
import { readView } from "./view.js";

/** How long a file of evidence may take, in milliseconds. */
const patience = 120_000;

export async function run(): Promise<void> {
  const island = places("evidence")[0];
  if (!island) return; // a report: there is nothing to verify
  const section = place("verdict");
  try {
    const { evidence = "", view } = island.dataset;
    // The monitor pinned the Configuration and the log's key; the evidence must be about these.
    const expected = view === undefined ? {} : accusedOf(await readView({ name: "", base: view }));
    const checked = checkEvidence(await askBytes(evidence, maxEvidenceSize, patience), expected);
    showVerdict(section, shownOf(checked, view !== undefined));
    if (checked.outcome === "proven") island.replaceChildren(describe(checked.proof));
  } catch (failure) {
    showVerdict(section, {
      badge: "unchecked",
      headline: "Your browser could not check the evidence.",
      reason: inWords(failure),
      checkedBy: [],
    });
  }
}

function shownOf(checked: Checked, known: boolean): Shown {
  switch (checked.outcome) {
    case "proven":
      return {
        badge: "misbehaviour",
        headline: "Your browser verified the evidence: the directory has misbehaved.",
        reason: known
          ? "It is about the very directory that this monitor pinned. Save the file, and show it to others."
          : "Compare whom it accuses with the directory that you use. Save the file, and show it to others.",
        checkedBy: [{ kind: "browser" }],
      };
    case "report":
      return refused("The file is a report: it proves nothing to others.", checked.reason);
    case "other":
      return refused("The file is about another directory than the monitor says.", checked.reason);
    case "pair":
      return refused("The file rests on a log whose key this monitor did not pin.", checked.reason);
    case "not-proof":
      return refused("The file does not prove what the monitor says.", checked.reason);
    case "damaged":
      return refused("The file is no evidence.", checked.reason);
  }
}

function refused(headline: string, reason: string): Shown {
  return { badge: "unchecked", headline, reason: sentence(reason), checkedBy: [] };
}

/** What was proven, by the verification's own account. */
function describe(proof: Proof): HTMLElement {
  const line = (name: string, ...value: (Node | string)[]) => [el("dt", {}, name), el("dd", {}, ...value)];
  return el(
    "dl",
    { class: "facts" },
    ...line("What is broken", proof.rule),
    ...line("What breaks it", el("bdi", { dir: "auto" }, sentence(proof.found))),
    ...(proof.configurationSha256 === undefined
      ? []
      : line(
          "Who is accused",
          "who has the Configuration with the SHA-256 ",
          code(proof.configurationSha256),
        )),
    ...(proof.log === undefined ? [] : line("Whose log", "that of the key ", code(proof.log))),
  );
}
