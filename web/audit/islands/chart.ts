/** Charts that the server drew, made to zoom into. Their numbers are in the tables below them. */
import { button, el, places } from "./dom.js";
import { inWords } from "./trouble.js";

/** A chart's numbers, as uPlot takes them: all x, and all y. */
export interface Series {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly titles: readonly [x: string, y: string];
}

/** Gives each chart a button. What draws is loaded when one is used. */
export function enhanceCharts(): void {
  for (const plot of places("chart")) {
    const table = document.getElementById(`data-${plot.dataset["chart"] ?? ""}`);
    if (!(table instanceof HTMLTableElement)) continue;
    const zoom = button("Zoom", () => void draw(zoom, plot, table));
    zoom.classList.add("quiet");
    plot.after(el("p", { class: "actions" }, zoom));
  }
}

async function draw(zoom: HTMLButtonElement, plot: HTMLElement, table: HTMLTableElement): Promise<void> {
  zoom.disabled = true;
  try {
    const { drawChart } = await import("./uplot.js");
    drawChart(plot, readSeries(table));
    zoom.parentElement?.remove();
    plot.querySelector("button")?.focus();
  } catch (failure) {
    zoom.after(" " + inWords(failure));
    zoom.disabled = false;
  }
}

/** Reads the numbers in a table's rows: data-x and data-y. */
export function readSeries(table: HTMLTableElement): Series {
  const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
  const titles = [...(table.tHead?.rows[0]?.cells ?? [])].map((cell) => cell.textContent ?? "");
  return {
    x: rows.map((row) => Number(row.dataset["x"])),
    y: rows.map((row) => Number(row.dataset["y"])),
    titles: [titles[0] ?? "", titles[1] ?? ""],
  };
}
