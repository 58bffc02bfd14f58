/** QR codes, drawn as elements: a path of dark squares on white, in either theme. */
import { encodeQR, type ErrorCorrection } from "qr";
import { svg } from "./dom.js";
import style from "./qr.css";
import { addStyle } from "./style.js";

/** The white frame around a code, in modules, that cameras need. */
const quiet = 4;

/** What a QR code shows, with its frame: true where it is dark. */
export type Modules = readonly (readonly boolean[])[];

/** The modules of a code for a text. Throws if the text is too long for any code. */
export function modulesOf(text: string, ecc: ErrorCorrection = "low"): Modules {
  return encodeQR(text, "raw", { ecc, border: quiet });
}

/** The path that fills the dark modules: a rectangle for each run of them in a row. */
export function pathOf(modules: Modules): string {
  let path = "";
  modules.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      const start = x;
      while (row[x + 1]) x++;
      path += `M${start} ${y}h${x - start + 1}v1H${start}z`;
    }
  });
  return path;
}

/** A QR code of a text. `name` says what it is of, to those who do not see it. */
export function qrCode(text: string, name: string, ecc: ErrorCorrection = "low"): SVGSVGElement {
  addStyle(style);
  const modules = modulesOf(text, ecc);
  const size = modules.length;
  return svg(
    "svg",
    {
      class: "qr",
      role: "img",
      "aria-label": name,
      viewBox: `0 0 ${size} ${size}`,
      "shape-rendering": "crispEdges",
    },
    svg("rect", { width: size, height: size, fill: "#fff" }),
    svg("path", { d: pathOf(modules), fill: "#000" }),
  );
}
