/** Rules of an island, put into the document without an element that a policy would forbid. */

const known = new Set<string>();

/** Adds a style sheet's text to the document, once. */
export function addStyle(text: string): void {
  if (known.has(text)) return;
  known.add(text);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  document.adoptedStyleSheets.push(sheet);
}
