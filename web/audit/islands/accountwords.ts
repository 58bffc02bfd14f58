/** What a label's account key says of a version (docs/account.md), in words. */
import type { AccountStatus } from "@ghostlight/client";
import { el } from "./dom.js";

interface Words {
  readonly text: string;
  readonly state: "good" | "warn" | "bad" | undefined;
}

const words: Readonly<Record<AccountStatus["status"], Words>> = {
  "": { text: "no account key", state: undefined },
  established: { text: "the first with an account key, and signed by it", state: "good" },
  signed: { text: "signed by the account key", state: "good" },
  rotated: { text: "another account key, signed by the old and the new one", state: "good" },
  "reset announced": { text: "announces another account key; the keys are as before", state: "warn" },
  reset: { text: "another account key than before, not signed by the old one", state: "warn" },
  unsigned: { text: "not signed by the account key", state: "bad" },
  unchecked: { text: "signed by its account key; what came before was not followed", state: undefined },
  unconnected: { text: "does not follow from the versions before", state: "bad" },
  unknown: { text: "not known: its value is not to be had", state: "warn" },
};

/** The words for a version; undefined: its label has no account key. */
export function accountState(account: AccountStatus | undefined): HTMLElement {
  const { text, state } = words[account?.status ?? ""];
  return el("span", { class: "state", "data-state": state }, text);
}
