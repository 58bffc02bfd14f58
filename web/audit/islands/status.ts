/** A monitor's own page: new alerts are shown as they come, and that the rest of the page is old. */
import { button, el, foreign, place, time } from "./dom.js";

/** How many new alerts are shown: the page anew has all of them. */
const most = 20;

export function run(): void {
  const news = place("news");
  const loaded = Date.now();
  const source = new EventSource("/events");
  // The first events tell the state that the page shows.
  let present: string | undefined;
  source.addEventListener("status", ({ data }: MessageEvent<string>) => {
    if (present !== undefined && present !== data) tellOld(news, loaded);
    present ??= data;
  });
  source.addEventListener("alert", ({ data }: MessageEvent<string>) => {
    tellOld(news, loaded);
    const line = alertLine(data);
    if (line && news.querySelectorAll("li").length < most) news.querySelector("ul")?.prepend(line);
  });
}

function tellOld(news: HTMLElement, loaded: number): void {
  if (news.firstChild) return;
  news.append(
    el(
      "section",
      { class: "notice", "data-state": "warn" },
      el("p", { class: "headline" }, "There is news."),
      el("ul", { class: "plain" }),
      el(
        "p",
        {},
        "The page below is as of ",
        time(loaded),
        ". ",
        button("Load it anew", () => location.reload()),
      ),
    ),
  );
}

/** The line of a new alert; undefined for what is none. */
function alertLine(data: string): HTMLElement | undefined {
  let d: Partial<Record<string, unknown>>;
  try {
    d = Object(JSON.parse(data));
  } catch {
    return undefined;
  }
  const { id, summary, severity } = d;
  if (typeof id !== "string" || !/^[0-9a-f]+-\d+$/.test(id) || typeof summary !== "string") return undefined;
  return el("li", {}, `${String(severity)}: `, el("a", { href: `/alerts/${id}` }, foreign(summary)));
}
