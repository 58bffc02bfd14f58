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
 * What a caller may want to know of a refusal beside its kind: of "time", that the head is too
 * old (`behind`: the log stands still, or its present state is held back); of "misbehaviour",
 * that a timestamp breaks the order of time (`order`), that a value lacks the operator's signature
 * (`signature`), or that a version which was proven has vanished (`vanished`).
 */
export type RefusalDetail = "behind" | "order" | "signature" | "vanished";

/**
 * A response that must not be believed. Nothing of it may be used or retained.
 *
 * Only the kind "misbehaviour" is an accusation: the log has signed what contradicts
 * itself or what was verified before. Everything else could be the doing of anybody on
 * the way.
 */
export class Refusal extends Error {
  readonly kind: RefusalKind;
  readonly detail: RefusalDetail | undefined;

  constructor(kind: RefusalKind, message: string, detail?: RefusalDetail) {
    super(message);
    this.name = "Refusal";
    this.kind = kind;
    this.detail = detail;
  }
}
