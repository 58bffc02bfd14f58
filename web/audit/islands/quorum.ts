/** Whether a checkpoint has the quorum of the policy, as this browser found. */
import type { CheckpointResult } from "@ghostlight/client";
import { el } from "./dom.js";

export function quorumState({ quorum, quorumMet }: CheckpointResult): HTMLElement {
  if (quorum === "none")
    return el("span", { class: "state", "data-state": "warn" }, "the policy requires no witness");
  const words = `quorum “${quorum}” ${quorumMet ? "met" : "not met"}`;
  return el("span", { class: "state", "data-state": quorumMet ? "good" : "bad" }, words);
}
