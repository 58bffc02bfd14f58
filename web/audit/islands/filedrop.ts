/** Takes files: dropped, chosen, or pasted as text. */
import { encodeUtf8 } from "@ghostlight/client";
import { tlogProofHeader } from "@ghostlight/client";
import { button, el } from "./dom.js";
import { inWords } from "./trouble.js";

/** The largest file that is read, in bytes. */
export const maxFile = 8 << 20;

/** How many files are taken at once. */
export const maxFiles = 20;

/** A pasted text of more characters is not laid out in the box, but taken at once. */
const maxShown = 32 << 10;

/** A file, or why it could not be taken. */
export type Given =
  { readonly name: string; readonly bytes: Uint8Array } | { readonly name: string; readonly problem: string };

/** What to take, and what to do with it. */
export interface DropOptions {
  /** A prefix for the ids of the parts. */
  readonly id: string;
  /** The label of the box to paste into. */
  readonly label: string;
  readonly placeholder?: string;
  readonly action: string;
  readonly take: (files: Given[]) => void;
  /** Takes one file only. */
  readonly single?: boolean;
}

/** A form to drop, choose or paste files. What is dropped beside it is not opened by the browser. */
export function fileDrop(o: DropOptions): HTMLFormElement {
  const choose = el("input", { type: "file", id: `${o.id}-file`, multiple: o.single !== true });
  const paste = el("textarea", {
    id: `${o.id}-text`,
    rows: 5,
    spellcheck: "false",
    autocomplete: "off",
    placeholder: o.placeholder,
  });
  const submit = el("button", { type: "submit" }, o.action);
  const clear = button("Clear", () => (paste.value = ""));
  clear.className = "quiet";
  const form = el(
    "form",
    { class: "ask drop" },
    field("Drop files here, or choose them", choose),
    field(o.label, paste),
    el("p", { class: "actions" }, submit, " ", clear),
  );
  choose.addEventListener("change", () => {
    void readAll([...(choose.files ?? [])]).then(o.take);
    choose.value = "";
  });
  paste.addEventListener("paste", (event) => onPaste(event, o.take));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    o.take([pasted(paste.value)]);
  });
  acceptDrops(form, o.take);
  return form;
}

function field(label: string, input: HTMLElement): HTMLElement {
  return el("p", { class: "field whole" }, el("label", { for: input.id }, label), input);
}

/** Large texts and files never get into the box: to lay them out could take minutes. */
function onPaste(event: ClipboardEvent, take: DropOptions["take"]): void {
  const files = [...(event.clipboardData?.files ?? [])];
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (files.length === 0 && text.length <= maxShown) return;
  event.preventDefault();
  if (files.length > 0) void readAll(files).then(take);
  else take([pasted(text)]);
}

/** What was pasted, as a file. Boxes and messengers take the last newline away, which a proof must have. */
export function pasted(text: string): Given {
  const name = "What was pasted";
  if (text.length > maxFile) return tooLarge(name, text.length);
  const plain = text.replace(/\r\n?/g, "\n").trimStart();
  if (plain === "") return { name, problem: "There is nothing in the box." };
  const isProof = plain.startsWith(tlogProofHeader);
  return { name, bytes: encodeUtf8(isProof && !plain.endsWith("\n") ? plain + "\n" : plain) };
}

function tooLarge(name: string, size: number): Given {
  const [is, most] = [(size / 1e6).toFixed(1), maxFile >> 20];
  const problem = `It has ${is} MB, and this page reads ${most} MB at most. On a command line, “kt evidence verify” reads larger evidence.`;
  return { name, problem };
}

function acceptDrops(form: HTMLElement, take: DropOptions["take"]): void {
  const stop = (event: DragEvent) => event.preventDefault();
  document.addEventListener("dragover", stop);
  document.addEventListener("drop", stop);
  form.addEventListener("dragenter", () => form.classList.add("over"));
  form.addEventListener("dragleave", (event) => {
    const inside = event.relatedTarget instanceof Node && form.contains(event.relatedTarget);
    if (!inside) form.classList.remove("over");
  });
  form.addEventListener("drop", (event) => {
    form.classList.remove("over");
    const { files } = event.dataTransfer ?? { files: [] };
    const text = event.dataTransfer?.getData("text/plain") ?? "";
    if (files.length > 0) void readAll([...files]).then(take);
    else if (text !== "") take([pasted(text)]);
  });
}

/** Reads files. What is too large is not read at all. */
async function readAll(files: readonly File[]): Promise<Given[]> {
  const given = await Promise.all(files.slice(0, maxFiles).map(readOne));
  const left = files.length - maxFiles;
  if (left <= 0) return given;
  return [
    ...given,
    { name: `${left} more`, problem: `${maxFiles} files are taken at once. Drop the others after these.` },
  ];
}

async function readOne(file: File): Promise<Given> {
  if (file.size > maxFile) return tooLarge(file.name, file.size);
  try {
    return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
  } catch (failure) {
    return { name: file.name, problem: `It could not be read. ${inWords(failure)}` };
  }
}
