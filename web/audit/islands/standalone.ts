/** The script of the page that verifies files without a server. */
import { version } from "../../client/package.json";
import { place } from "./dom.js";
import { verifyFiles } from "./verifyfiles.js";

verifyFiles(place("verify"), { basis: undefined, client: undefined });
place("version").textContent = `This is version ${version}.`;
document.documentElement.dataset["islands"] = "done";
