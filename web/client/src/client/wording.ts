/** What is said of a log and its checkpoints under a quorum. */
interface Wording {
  /** Why entries are pending: no checkpoint is known, they were not found in it, or are newer. */
  readonly unknown: string;
  readonly missing: string;
  readonly newer: string;
  /** The step at which entries are pending for too long. */
  readonly step: string;
  /** What it means that everything is settled, behind the number of entries. */
  readonly settled: string;
  readonly settledStep: string;
}

const witnessed: Wording = {
  unknown: "not known to have been seen by the witnesses",
  missing: "not known to be in the log that the witnesses have seen",
  newer: "newer than what the witnesses have seen",
  step: "checking the log against its witnesses",
  settled: "that the witnesses have seen",
  settledStep:
    "every log entry that the proof relies on is there, at its position: others who trust these witnesses are shown the same",
};

const unwitnessed: Wording = {
  unknown: "not known to be in any checkpoint of the log",
  missing: "not known to be in the log's checkpoint",
  newer: "newer than the log's checkpoint",
  step: "checking the log against its checkpoint",
  settled: "of the log's own checkpoint; no witness is required, so others may be shown another log",
  settledStep:
    "every log entry that the proof relies on is there, at its position; the policy requires no witness to have seen that, so others may be shown another log",
};

/** The wording under a quorum. A checkpoint under "none" is the log's own word. */
export const wordingOf = (quorum: string): Wording => (quorum === "none" ? unwitnessed : witnessed);
