/** What a page gives to its islands. */

/** A page, as its body describes it. */
export interface Page {
  /** The page's name: the body's data-page. */
  readonly name: string;
  /** The path that the audit view is under, without a slash at its end: data-base. */
  readonly base: string;
}

/** A module of a page. It fills the page's islands, and rejects when it can not. */
export interface PageModule {
  run(page: Page): Promise<void> | void;
}

/** Reads the description in the document's body. */
export function readPage(body: HTMLElement): Page {
  return { name: body.dataset["page"] ?? "", base: body.dataset["base"] ?? "" };
}
