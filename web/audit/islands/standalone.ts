/** The script of the page that verifies files without a server. */
import { version } from "../../client/package.json";
import { place } from "./dom.js";
import { noFile, TopVerdict } from "./filesverdict.js";
import { verifyFiles } from "./verifyfiles.js";

const top = new TopVerdict(place("verdict"), noFile);
verifyFiles(place("verify"), { basis: undefined, client: undefined }, top);
place("version").textContent = `This is version ${version}.`;
document.documentElement.dataset["islands"] = "done";
