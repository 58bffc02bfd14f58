/** What a verification came to. The texts are stable, and those of the Go client. */
export type Outcome =
  | "verified"
  | "verified, still being monitored"
  | "changed"
  | "findings"
  | "proven absent"
  | "could not check"
  | "misbehaviour proven";

/** Who came to a verdict. "operator" means that nobody checked what the operator claims. */
export type Checker =
  | { readonly kind: "browser" }
  | { readonly kind: "witness"; readonly name: string }
  | { readonly kind: "monitor"; readonly name: string }
  | { readonly kind: "operator" };

/** An outcome, who came to it, and why. */
export interface Verdict {
  readonly outcome: Outcome;
  /** One sentence without a full stop. It never contains a label or a value. */
  readonly reason: string;
  readonly checkedBy: readonly Checker[];
}

/** The five verdicts of a page, which are never merged. */
export type Badge = "verified" | "monitored" | "changed" | "unchecked" | "misbehaviour";

const badges: Record<Outcome, Badge> = {
  verified: "verified",
  "verified, still being monitored": "monitored",
  changed: "changed",
  findings: "changed",
  "proven absent": "verified",
  "could not check": "unchecked",
  "misbehaviour proven": "misbehaviour",
};

/** The badge that a page shows for an outcome. */
export function badgeOf(outcome: Outcome): Badge {
  return badges[outcome];
}

/** A verdict that this program came to by itself. */
export function verdict(outcome: Outcome, reason: string): Verdict {
  return { outcome, reason, checkedBy: [{ kind: "browser" }] };
}
