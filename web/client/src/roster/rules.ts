import type { Code } from "./report.js";

/** What to do about a finding: docs/roster.md, "Findings". */
const advice: Record<Code, string> = {
  misbehaviour:
    "Trust nothing that this directory says. Keep the evidence file and send it to others: docs/evidence.md.",
  "ghost-user": "Find out who this is before anything more is said, and remove the member if nobody knows.",
  "ghost-device":
    "Remove the device from the session. If the member has only just added it, ask them to publish it, and check again.",
  "dormant-insertion":
    "Ask the member, by another way, whether the device is theirs. If not, they must remove it and tell the directory's operator.",
  "stale-key": "Have the app renew the session with the member's present keys.",
  "rolled-back-key":
    "Ask the member, by another way, whether they put it back: it may be that of a lost device.",
  "transient-key":
    "Ask the member, by another way, whether the device was theirs. If not, what was sent meanwhile may have been read.",
  "just-in-time-insertion":
    "Ask the member, by another way, whether the device is theirs, and verify them anew.",
  "shared-key":
    "Ask both, by another way. One person with two labels can sign both with one account key; two persons never share a key.",
  "identity-reset":
    "Ask the member, by another way, whether they lost their account key, and verify them anew.",
  "unsigned-change": "Use none of the keys. The member must publish a version that their account key signs.",
  "look-alike-label": "Compare the labels letter by letter with what the persons themselves say.",
  "weak-key": "Ask the member to publish a stronger key.",
  "duplicate-device":
    "Two devices with one key are a copied key or a mistake of the app: have the member set one of them up anew.",
  unmonitored:
    "Ask the member to keep `kt watch` running, and to give the app what `kt account attest` prints.",
  "could-not-check":
    "Check again later. If it stays so, look at more versions (--history), see to it that the clocks are right, and ask the directory's operator.",
};

/** What to do if it is the user's own label. */
const ownAdvice: Partial<Record<Code, string>> = {
  "ghost-user": "Publish your keys with `kt publish`, so that others can check you.",
  "ghost-device":
    "If the device is yours, publish its key with `kt publish`. If not, somebody reads along as you: remove it from the session.",
  "dormant-insertion": "If the key is not yours, publish your keys without it, and see what `kt watch` says.",
  "stale-key":
    "Have your app renew the session with your present keys, or publish the key again if you still use it.",
  "rolled-back-key":
    "See `kt history` and `kt watch`. If you did not put the key back, publish your keys without it.",
  "transient-key":
    "See `kt history` and `kt watch`. If the key was not yours, tell your contacts and the directory's operator.",
  "just-in-time-insertion":
    "If the key is not yours, somebody reads along as you: remove it from the session, and publish your keys without it.",
  "shared-key":
    "If both labels are yours, sign both with one account key. If not, another has your key: set the device up anew.",
  "identity-reset":
    "If you did not reset your account key, publish with the old one, and tell your contacts.",
  "unsigned-change": "Publish your keys with your account key: `kt publish --account-key`.",
};

/** What to do about a finding; own: it is about the user's own label. */
export function adviceFor(code: Code, own: boolean): string {
  return (own && ownAdvice[code]) || advice[code];
}
