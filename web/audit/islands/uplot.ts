/** Draws charts with uPlot, which needs neither markup nor style attributes. */
import uPlot from "uplot";
import style from "uplot/dist/uPlot.min.css";
import type { Series } from "./chart.js";
import { button, el } from "./dom.js";

let styled = false;

/** Puts uPlot's rules into the document, without an element that a policy would forbid. */
function addStyle(): void {
  if (styled) return;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  document.adoptedStyleSheets.push(sheet);
  styled = true;
}

const height = 220;

/**
 * Draws a chart into an element, in the place of what the server drew there, and redraws
 * it when it gets another width. One zooms in by dragging, or with buttons.
 */
export function drawChart(place: HTMLElement, series: Series): void {
  addStyle();
  const chart = new uPlot(options(place, series), [[...series.x], [...series.y]], (self, init) => {
    place.replaceChildren(self.root, controls(self, series));
    init();
  });
  new ResizeObserver(() => chart.setSize({ width: widthOf(place), height })).observe(place);
}

function widthOf(place: HTMLElement): number {
  return Math.max(place.clientWidth, 200);
}

function options(place: HTMLElement, series: Series): uPlot.Options {
  const times = series.x.some((x) => x > 1e11);
  const label = times ? timeText : String;
  const axis: uPlot.Axis = {
    stroke: getComputedStyle(place).color,
    grid: { stroke: "#8884" },
    ticks: { stroke: "#8884" },
  };
  return {
    width: widthOf(place),
    height,
    ms: 1,
    scales: { x: { time: times } },
    tzDate: (ms) => uPlot.tzDate(new Date(ms), "UTC"),
    axes: [
      times ? { ...axis, values: (self, ticks) => ticks.map((ms) => tickText(self, ms)), space: 90 } : axis,
      { ...axis, size: 60 },
    ],
    series: [
      { label: series.titles[0], value: (_self, x) => (x === null ? "–" : label(x)) },
      { label: series.titles[1], stroke: colorOf(place), width: 2 },
    ],
  };
}

/** The color of what the server drew. */
function colorOf(place: HTMLElement): string {
  const drawn = place.querySelector("svg .line, svg .bar");
  if (!drawn) return getComputedStyle(place).color;
  const { stroke, fill } = getComputedStyle(drawn);
  return stroke === "none" ? fill : stroke;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ") + " UTC";
}

/** A time as an axis has it: the day if the axis has several, otherwise the time of day. */
function tickText({ scales }: uPlot, ms: number): string {
  const { min = 0, max = 0 } = scales["x"] ?? {};
  const text = new Date(ms).toISOString();
  const span = (max ?? 0) - (min ?? 0);
  return span > 2 * 86_400_000 ? text.slice(0, 10) : span > 10_000 ? text.slice(11, 19) : text.slice(17, 23);
}

/** Buttons for those who do not drag. */
function controls(chart: uPlot, series: Series): HTMLElement {
  const first = series.x[0] ?? 0;
  const last = series.x.at(-1) ?? 0;
  const move = (factor: number, shift: number) => () => {
    const { min = first, max = last } = chart.scales["x"] ?? {};
    const [from, to] = [min ?? first, max ?? last];
    const half = ((to - from) / 2) * factor;
    const middle = (from + to) / 2 + shift * (to - from);
    chart.setScale("x", { min: Math.max(first, middle - half), max: Math.min(last, middle + half) });
  };
  const buttons: [string, () => void][] = [
    ["Zoom in", move(0.5, 0)],
    ["Zoom out", move(2, 0)],
    ["Earlier", move(1, -0.5)],
    ["Later", move(1, 0.5)],
  ];
  const quiet = ([text, action]: [string, () => void]) => {
    const element = button(text, action);
    element.classList.add("quiet");
    return element;
  };
  return el("div", { class: "actions" }, ...buttons.map(quiet));
}
