/** Follows what a monitor tells as it comes. */

/** How long to wait for more before asking, in milliseconds: news come in groups. */
const pause = 1_000;

/** Calls changed, one call after the other, whenever the monitor at a base URL tells of something new. */
export function followMonitor(url: string, changed: () => Promise<void>): void {
  const source = new EventSource(`${url}/events`);
  let timer: number | undefined;
  let busy = false;
  const look = () => {
    if (timer !== undefined) return;
    timer = window.setTimeout(() => {
      timer = undefined;
      if (busy) return look();
      busy = true;
      void changed().finally(() => (busy = false));
    }, pause);
  };
  // The first of these tell the present state, which is known: the page has just asked.
  let first = true;
  setTimeout(() => (first = false), pause);
  const news = () => first || look();
  for (const event of ["status", "head", "alert"]) source.addEventListener(event, news);
  source.addEventListener("error", look);
}
