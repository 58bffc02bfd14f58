/** What a browser has proven does not go away with the page: every later one says so. */
import type { Client } from "@ghostlight/client";
import { download } from "./download.js";
import { code, el } from "./dom.js";

/** How many files are offered, the newest first. */
const most = 5;

/** Tells the visitor, before what the page shows, if this browser has proven that the log misbehaved. */
export async function tellOfConviction(client: Client): Promise<void> {
  const files = (await client.evidence()).filter((file) => file.class === "evidence");
  if (files.length === 0 || document.getElementById("conviction")) return;
  const shown = files
    .slice(0, most)
    .map(({ name, json }) => el("p", {}, download(`Save ${name}`, name, json, "application/json")));
  const notice = el(
    "section",
    { class: "notice", id: "conviction", "data-state": "bad" },
    el("p", { class: "headline" }, "This directory has misbehaved: your browser has proven it before."),
    el(
      "p",
      {},
      "What the page says below is of this visit, and takes nothing of that back. Give the file to others: ",
      code("kt evidence verify FILE"),
      " shows them the same, and nobody is asked.",
    ),
    ...shown,
  );
  document.querySelector("main h1")?.after(notice);
}
