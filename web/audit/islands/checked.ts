/** Who checked what of a lookup: this browser, witnesses, or nobody. */
import type { AccountStatus, LookupResult, Witnessed } from "@ghostlight/client";
import { accountState } from "./accountwords.js";
import { code, el, foreign } from "./dom.js";

type State = "good" | "warn" | undefined;

/** What a version is that the label's account key vouches for. */
const signed: ReadonlySet<AccountStatus["status"]> = new Set(["established", "signed", "rotated"]);

/** The lines about a lookup. */
export function describeChecks(r: LookupResult): HTMLElement {
  return el(
    "dl",
    { class: "facts checks" },
    ...line(
      r.greatest ? "That this is the newest version" : "That this is the version",
      "good",
      "your browser",
    ),
    ...line("That others are shown the same log", ...logChecked(r.witness)),
    ...line("That the version stays", ...stayChecked(r)),
    ...line("That the label’s owner wants it", ...ownerChecked(r.account)),
  );
}

function line(what: string, state: State, ...who: (Node | string)[]): HTMLElement[] {
  const mark = el("span", { class: "state", "data-state": state }, ...who);
  return [el("dt", {}, what), el("dd", {}, mark)];
}

const unwitnessed = "only the operator’s claim: no witness is required to have seen the log";

/** Who checked the log that a result rests on. */
export function logChecked(w: Witnessed | undefined): [State, ...(Node | string)[]] {
  if (!w || w.quorum === "none") return [undefined, unwitnessed];
  if (!w.settled) return ["warn", "not yet: the witnesses have not seen all of it. Your browser looks again"];
  const names = w.cosignedBy.flatMap((name, i) => [i > 0 ? ", " : "", foreign(name)]);
  return ["good", names.length > 2 ? "witnesses " : "witness ", ...names];
}

function stayChecked(r: LookupResult): [State, string] {
  const monitored = r.verdict.outcome === "verified, still being monitored";
  if (monitored) return ["good", "your browser, on your next visits"];
  return [undefined, "its owner: from here on, their monitoring meets it"];
}

function ownerChecked(account: AccountStatus | undefined): [State, ...(Node | string)[]] {
  if (account?.key === undefined) {
    const claim =
      "only the operator’s claim: this version has no account key. Compare the fingerprints with the person";
    return [undefined, claim];
  }
  if (!signed.has(account.status))
    return ["warn", "your browser could not tell: the version is ", accountState(account)];
  const since = ` of the label, which it has had since version ${account.since}`;
  return ["good", "your browser: signed by the account key ", code(account.key), since];
}
