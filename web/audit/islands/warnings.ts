/** What about a label may deceive the eye. The table for it is loaded for labels that are not ASCII. */
import { el } from "./dom.js";

/** The warnings about a label, one notice each. */
export async function labelNotices(label: string): Promise<HTMLElement[]> {
  if (!/[^\0-\x7f]/.test(label)) return [];
  const { labelWarnings } = await import("@ghostlight/client/lookalikes");
  return labelWarnings(label).map(({ text }) =>
    el("p", { class: "notice", "data-state": "warn" }, `Look twice at this label: ${text}`),
  );
}
