/**
 * Elements from data. Text becomes text nodes and never markup, so that labels and
 * answers of a directory can not add elements; and pages forbid the ways around
 * ("trusted-types 'none'") and style attributes.
 */

/** What can stand in an element. Strings become text; what is undefined is left out. */
export type Child = Node | string | undefined;

/** Attributes. True is an attribute without a value; false and undefined are left out. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Makes an HTML element. Throws for attributes that would run script or set styles. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

/** Makes an SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  return fill(element, attributes, children);
}

function fill<E extends Element>(element: E, attributes: Attributes, children: Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (/^(on|style$|srcdoc$)/i.test(name)) {
      throw new Error(`attribute ${name} is not for data`);
    }
    if (value === true) element.setAttribute(name, "");
    else if (value !== undefined && value !== false) {
      element.setAttribute(name, String(value));
    }
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/**
 * Text that somebody else chose, such as a label: what directs text from right to left
 * in it does not reach out of it.
 */
export function foreign(text: string): HTMLElement {
  return el("bdi", { dir: "auto" }, text);
}

/** Bytes in hex or base64, or a command: in a fixed font. */
export function code(text: string): HTMLElement {
  return el("code", {}, text);
}

/** A point in time, in ms since 1970, for readers and for programs. */
export function time(ms: number): HTMLElement {
  // A log may sign times beyond the calendar.
  const iso = new Date(Math.min(ms, 8.64e15)).toISOString();
  return el("time", { datetime: iso }, iso.slice(0, 19).replace("T", " ") + " UTC");
}

/** A button that does something on this page. */
export function button(text: string, action: () => void): HTMLButtonElement {
  const element = el("button", { type: "button" }, text);
  element.addEventListener("click", action);
  return element;
}

/** The places of an island in the page. */
export function places(island: string): HTMLElement[] {
  const found = document.querySelectorAll<HTMLElement>(`[data-island="${island}"]`);
  return [...found];
}

/** The place of an island that the page must have. Throws if it has none. */
export function place(island: string): HTMLElement {
  const found = places(island)[0];
  if (!found) throw new Error(`the page has no place for ${island}`);
  return found;
}
