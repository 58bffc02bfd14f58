/** The script of every page. It loads the module of the page that it is in. */
import { places } from "./dom.js";
import { readPage, type PageModule } from "./page.js";
import { inWords } from "./trouble.js";
import { showVerdict } from "./verdict.js";

/** The modules of pages, by the body's data-page. */
const modules: Readonly<Record<string, () => Promise<PageModule>>> = {
  overview: () => import("./overview.js"),
  log: () => import("./log.js"),
  entry: () => import("./entry.js"),
  checkpoint: () => import("./checkpoint.js"),
  consistency: () => import("./consistency.js"),
  lookup: () => import("./lookup.js"),
  history: () => import("./history.js"),
  roster: () => import("./roster.js"),
  compare: () => import("./compare.js"),
  verify: () => import("./verify.js"),
  monitors: () => import("./monitors.js"),
  status: () => import("./status.js"),
  alert: () => import("./alert.js"),
};

/** Runs the page's module. After it, whether it ran or not, the root has data-islands. */
async function start(): Promise<void> {
  const page = readPage(document.body);
  tellOfWork();
  try {
    await (await modules[page.name]?.())?.run(page);
  } catch (failure) {
    for (const section of places("verdict")) {
      showVerdict(section, {
        badge: "unchecked",
        headline: "Your browser checked nothing on this page.",
        reason: inWords(failure),
        checkedBy: [],
      });
    }
  }
  document.documentElement.dataset["islands"] = "done";
}

/** Says in verdict elements that the browser is at work, which can take long if the server is slow. */
function tellOfWork(): void {
  for (const section of places("verdict")) {
    const reason = section.querySelector(".reason");
    if (reason && !section.hidden)
      reason.textContent = "Your browser is at work, and has checked nothing yet.";
  }
}

void start();
