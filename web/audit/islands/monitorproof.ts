/** Verifies what a monitor says to be proven. */
import { maxEvidenceSize } from "@ghostlight/client/evidence";
import { askBytes, NoAnswer } from "./ask.js";
import { accusedOf, checkEvidence } from "./evidencecheck.js";
import type { Said } from "./monitorask.js";
import type { View } from "./view.js";

/** What was found of files, by URL: those of alerts do not change. */
const known = new Map<string, boolean>();

/**
 * Whether the newest evidence that a monitor has of the view's directory was verified here.
 * Throws nothing: what cannot be had proves nothing.
 */
export async function proveClaims(url: string, said: Said, view: View): Promise<boolean> {
  const alert = said.alerts.find((alert) => alert.class === "evidence" && alert.evidence);
  if (!alert) return false;
  const file = `${url}/evidence/${alert.id}.json`;
  const before = known.get(file);
  if (before !== undefined) return before;
  try {
    const checked = checkEvidence(await askBytes(file, maxEvidenceSize), accusedOf(view));
    known.set(file, checked.outcome === "proven");
    return checked.outcome === "proven";
  } catch (failure) {
    if (failure instanceof NoAnswer) return false;
    throw failure;
  }
}
