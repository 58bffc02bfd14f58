/** The page that verifies files: held against the directory that it is about. */
import { encodeUtf8, parsePolicy } from "@ghostlight/client";
import type { Basis } from "./basis.js";
import { place } from "./dom.js";
import { shownFailure } from "./outcome.js";
import type { Page } from "./page.js";
import { showVerdict } from "./verdict.js";
import { verifyFiles, type Surroundings } from "./verifyfiles.js";
import { openSession, type Session } from "./view.js";

export async function run(page: Page): Promise<void> {
  const section = place("verdict");
  try {
    const session = await openSession(page);
    verifyFiles(place("verify"), surroundingsOf(session));
    showVerdict(section, {
      badge: "unchecked",
      headline: "No file was verified yet.",
      reason: "Give this page one. It stays in this browser: nothing is sent anywhere.",
      checkedBy: [],
    });
    // At each visit, and not because somebody gave a file: nobody learns of that.
    await session.client.heads().catch(() => undefined);
  } catch (failure) {
    // Files can be verified all the same, against what the visitor names.
    verifyFiles(place("verify"), { basis: undefined, client: undefined });
    showVerdict(section, shownFailure(failure));
  }
}

function surroundingsOf({ client, view }: Session): Surroundings {
  const basis: Basis = {
    whose: "the directory of this page",
    configuration: client.configuration,
    ...(view.policy === undefined ? {} : { policy: parsePolicy(encodeUtf8(view.policy)) }),
  };
  return { basis, client };
}
