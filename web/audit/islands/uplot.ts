/** Draws charts with uPlot, which needs neither markup nor style attributes. */
import uPlot from "uplot";
import style from "uplot/dist/uPlot.min.css";
import type { Series } from "./chart.js";

let styled = false;

/** Puts uPlot's rules into the document, without an element that a policy would forbid. */
function addStyle(): void {
  if (styled) return;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  document.adoptedStyleSheets.push(sheet);
  styled = true;
}

/** Draws a chart into an element, in the place of what is there, and redraws it when it gets wider. */
export function drawChart(place: HTMLElement, series: Series): void {
  addStyle();
  const colors = getComputedStyle(place);
  const line = colors.getPropertyValue("--accent").trim() || colors.color;
  const axis = { stroke: colors.color, grid: { stroke: "#8884" }, ticks: { stroke: "#8884" } };
  const height = 220;
  const chart = new uPlot(
    {
      width: Math.max(place.clientWidth, 200),
      height,
      scales: { x: { time: series.x.some((x) => x > 1e11) } },
      ms: 1,
      axes: [axis, { ...axis, size: 60 }],
      series: [{ label: series.titles[0] }, { label: series.titles[1], stroke: line, width: 2 }],
    },
    [[...series.x], [...series.y]],
    (self, init) => {
      place.replaceChildren(self.root);
      init();
    },
  );
  new ResizeObserver(() => chart.setSize({ width: Math.max(place.clientWidth, 200), height })).observe(place);
}
