/** The page that verifies files: held against the directory that it is about. */
import { encodeUtf8, isFailure, parsePolicy } from "@ghostlight/client";
import type { Basis } from "./basis.js";
import { place } from "./dom.js";
import { noFile, TopVerdict } from "./filesverdict.js";
import { shownFailure } from "./outcome.js";
import type { Page } from "./page.js";
import { verifyFiles, type Surroundings } from "./verifyfiles.js";
import { openSession, type Session } from "./view.js";

export async function run(page: Page): Promise<void> {
  const section = place("verdict");
  try {
    const session = await openSession(page);
    const top = new TopVerdict(section, noFile);
    verifyFiles(place("verify"), surroundingsOf(session), top);
    // At each visit, and not because somebody gave a file: nobody learns of that.
    await session.client.heads().catch((failure: unknown) => {
      if (isFailure(failure, "misbehaviour")) top.setPage(shownFailure(failure));
    });
  } catch (failure) {
    // Files can be verified all the same, against what the visitor names.
    const top = new TopVerdict(section, shownFailure(failure));
    verifyFiles(place("verify"), { basis: undefined, client: undefined }, top);
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
