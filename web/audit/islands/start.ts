/** The script of every page. It loads the module of the page that it is in. */
import { places } from "./dom.js";
import { readPage, type PageModule } from "./page.js";
import { inWords } from "./trouble.js";
import { showVerdict } from "./verdict.js";

const modules: Readonly<Record<string, () => Promise<PageModule>>> = {
  overview: () => import("./overview.js"),
  checkpoint: () => import("./checkpoint.js"),
};

async function start(): Promise<void> {
  const page = readPage(document.body);
  const load = modules[page.name];
  if (!load) return;
  try {
    await (await load()).run(page);
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
}

void start();
