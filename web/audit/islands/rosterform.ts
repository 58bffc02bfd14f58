/** Where a roster is pasted, dropped or chosen. What is too large is refused before the page has to handle it. */
import { button, el } from "./dom.js";
import { sampleRoster } from "./rostersample.js";

/** The largest roster that the page takes, in bytes. `kt roster` takes larger ones. */
export const maxRoster = 2 << 20;

/** That no roster could be had. The message is for people. */
export class NoRoster extends Error {
  override readonly name = "NoRoster";
}

/** What to do with a roster, or with the error of one that cannot be had. */
export interface Takes {
  /** A roster was given. */
  readonly take: (text: string) => void;
  readonly refuse: (error: NoRoster) => void;
}

/** Makes the form. */
export function rosterForm({ take, refuse }: Takes): HTMLFormElement {
  const box = el("textarea", {
    id: "roster-text",
    rows: 9,
    spellcheck: "false",
    autocomplete: "off",
    "aria-describedby": "roster-note",
  });
  const file = el("input", { id: "roster-file", type: "file", accept: ".json,application/json" });
  const zone = el(
    "div",
    { class: "drop-zone" },
    el("label", { for: "roster-file" }, "Or choose a file, or drop one here"),
    file,
  );
  const read = (source: Blob | undefined) =>
    void readFile(source, box).then(take, (error: unknown) => refuse(refusal(error)));
  const form = el(
    "form",
    { class: "ask", autocomplete: "off" },
    el("p", { class: "field whole" }, el("label", { for: "roster-text" }, "The roster, in JSON"), box),
    zone,
    el("p", { class: "tries" }, el("button", { type: "submit" }, "Check it"), sampleButton(box)),
    el(
      "p",
      { class: "note small", id: "roster-note" },
      "It stays in this browser, which asks the directory for the labels in it, together. At most 2 MB.",
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      take(checkedText(box.value));
    } catch (error) {
      refuse(refusal(error));
    }
  });
  box.addEventListener("paste", (event) => guardPaste(event, refuse));
  file.addEventListener("change", () => read(file.files?.[0]));
  acceptDrops(form, zone, read);
  return form;
}

function refusal(error: unknown): NoRoster {
  if (error instanceof NoRoster) return error;
  return new NoRoster("The file could not be read. Choose it anew.");
}

/** The text, if it is of a size that the page takes. Throws a NoRoster. */
function checkedText(text: string): string {
  if (text.trim() === "")
    throw new NoRoster("Paste a roster, or choose a file with one. The sample shows what one is.");
  if (text.length > maxRoster) throw tooLarge(text.length);
  return text;
}

function tooLarge(size: number): NoRoster {
  const megabytes = (size / (1 << 20)).toFixed(1);
  return new NoRoster(
    `That has ${megabytes} MB, and this page takes 2. Check the conversation in parts, or with “kt roster FILE” on a command line.`,
  );
}

/** Keeps a large text from getting into the box, where it would keep the browser busy. */
function guardPaste(event: ClipboardEvent, refuse: (error: NoRoster) => void): void {
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (text.length <= maxRoster) return;
  event.preventDefault();
  refuse(tooLarge(text.length));
}

/** Reads a file into the box. Throws a NoRoster. */
async function readFile(file: Blob | undefined, box: HTMLTextAreaElement): Promise<string> {
  if (!file) throw new NoRoster("No file was chosen.");
  if (file.size > maxRoster) throw tooLarge(file.size);
  const text = checkedText(await file.text());
  box.value = text;
  return text;
}

function acceptDrops(form: HTMLElement, zone: HTMLElement, read: (file: Blob | undefined) => void): void {
  const over = (on: boolean) => zone.toggleAttribute("data-over", on);
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;
  form.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over(true);
  });
  form.addEventListener("dragleave", () => over(false));
  form.addEventListener("drop", (event) => {
    over(false);
    if (!hasFiles(event)) return;
    event.preventDefault();
    read(event.dataTransfer?.files[0]);
  });
}

function sampleButton(box: HTMLTextAreaElement): HTMLButtonElement {
  const element = button("Fill in a sample", () => {
    box.value = sampleRoster(Date.now());
    box.focus();
  });
  element.className = "quiet";
  return element;
}
