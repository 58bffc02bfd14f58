import { button } from "./dom.js";

/** A button that saves a text as a file. Nothing is sent anywhere. */
export function download(text: string, name: string, content: string, type: string): HTMLButtonElement {
  return button(text, () => {
    const url = URL.createObjectURL(new Blob([content], { type }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  });
}
