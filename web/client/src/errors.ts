/**
 * Why a response is refused. The words are those of the project's test vectors
 * (testdata/vectors/README.md, "The kinds of refusal").
 */
export type RefusalKind =
  | "malformed"
  | "proof"
  | "quorum"
  | "signature"
  | "time"
  | "auditor"
  | "no-version"
  | "expired"
  | "start"
  | "unexpected-version"
  | "not-recent"
  | "misbehaviour";

/**
 * A response that must not be believed. Nothing of it may be used or retained.
 *
 * Only the kind "misbehaviour" is an accusation: the log has signed what contradicts
 * itself or what was verified before. Everything else could be the doing of anybody on
 * the way.
 */
export class Refusal extends Error {
  readonly kind: RefusalKind;

  constructor(kind: RefusalKind, message: string) {
    super(message);
    this.name = "Refusal";
    this.kind = kind;
  }
}
