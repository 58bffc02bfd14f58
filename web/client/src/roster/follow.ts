import { accountKeyText, follow, rotatedFrom, stands, type State, type Status } from "../account/index.js";
import { recall } from "../client/account.js";
import { contactOf, type Standing } from "../client/state.js";
import type { Checking } from "./checking.js";
import { knewBefore, oldestOf, type Facts } from "./facts.js";

/**
 * Decides for each version how it stands to the one before, from what lookups retained of the
 * label's account key on. A version that they refused is refused here, too, whatever the versions
 * here say by themselves: those may not go back to the one that brought the key.
 */
export function followAccount(k: Checking, f: Facts): void {
  const oldest = oldestOf(f);
  if (!oldest) return;
  let before: State | undefined;
  if (f.known && f.known.version < oldest.number) {
    before = f.known;
    knewBefore(f, contactOf(k.op.state, f.label).seen);
  }
  for (let i = f.versions.length - 1; i >= 0; i--) {
    const [v, account] = [f.versions[i], f.accounts[i]];
    if (!v || !account) continue;
    if (f.known && v.number === f.known.version + 1) before = f.known;
    before = recall(f.known, before, v.number);
    let { state, status } = follow(before, account);
    if (f.known && overrides(f.known, v.number, status)) [state, status] = [f.known, f.known.status];
    v.account = status;
    if (account.key) v.key = account.key;
    v.rotated = stands(status) && before?.key !== undefined && isRotated(account, before.key);
    before = state;
  }
}

function isRotated(account: Facts["accounts"][number], key: string): boolean {
  return account.key !== undefined && accountKeyText(account.key) !== key && rotatedFrom(account, key);
}

/** Whether what is known, rather than a status that was found out now, says what a version is: because it does not stand, or the user has accepted it. */
function overrides(known: Standing, version: number, status: Status): boolean {
  if (known.version !== version || known.status === "unknown") return false;
  return !stands(known.status) || status === "unconnected";
}
