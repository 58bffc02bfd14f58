/** What files are held against, as the visitor says it. What is among the files does not say it. */
import { decodeUtf8, encodeUtf8, parsePolicy, type Policy } from "@ghostlight/client";
import { configurationSum, logKeys, readConfiguration, sumOf, type Basis } from "./basis.js";
import { button, code, el } from "./dom.js";
import { reasonOf } from "./examined.js";
import { bareHex } from "./headspaste.js";
import { sentence } from "./outcome.js";

/** The part of the page, and what is known. */
export interface Held {
  readonly element: HTMLElement;
  /**
   * What files are held against. Configurations may be among the files: one of them counts if the
   * visitor gave its SHA-256. Whoever made the files must not be who says what they are about.
   */
  readonly basis: (configurations: readonly Uint8Array[]) => Basis;
  /** Whether it is not the page's directory, because the visitor named another one or there is none. */
  readonly isOwn: () => boolean;
}

/** The fields, and the configuration that was chosen in one of them. */
interface Fields {
  readonly sum: HTMLInputElement;
  readonly configuration: HTMLInputElement;
  readonly policy: HTMLTextAreaElement;
  readonly policyFile: HTMLInputElement;
  chosen: Uint8Array | undefined;
  problem: string | undefined;
}

/** The form. `page` is what is known of the page's directory; `changed` is called when another one counts. */
export function holdAgainst(page: Basis | undefined, changed: () => void): Held {
  const fields: Fields = {
    sum: el("input", { type: "text", id: "against-sum", spellcheck: "false", autocomplete: "off" }),
    configuration: el("input", { type: "file", id: "against-configuration" }),
    policy: el("textarea", { id: "against-policy", rows: 4, spellcheck: "false", autocomplete: "off" }),
    policyFile: el("input", { type: "file", id: "against-policy-file" }),
    chosen: undefined,
    problem: undefined,
  };
  const told = el("div", { class: "told", role: "status" });
  const isPage = () => page !== undefined && isEmpty(fields);
  const basis = (all: readonly Uint8Array[]) => (page && isEmpty(fields) ? page : namedBasis(fields, all));
  const refresh = () => {
    told.replaceChildren(...problems(fields), ...tell(basis([]), isPage()));
    changed();
  };
  listen(fields, refresh);
  told.append(...tell(basis([]), isPage()));
  const element = el(
    "section",
    { class: "against", "aria-labelledby": "against-title" },
    el("h2", { id: "against-title" }, "Hold files against"),
    told,
    opened(page, fieldset(fields, refresh)),
  );
  return { element, basis, isOwn: () => !isPage() };
}

function isEmpty({ sum, policy, chosen }: Fields): boolean {
  return sum.value.trim() === "" && policy.value.trim() === "" && !chosen;
}

function listen(f: Fields, refresh: () => void): void {
  for (const field of [f.sum, f.policy]) field.addEventListener("change", refresh);
  f.configuration.addEventListener("change", () => void chooseConfiguration(f).then(refresh));
  f.policyFile.addEventListener("change", () => void choosePolicy(f).then(refresh));
}

function fieldset(f: Fields, refresh: () => void): HTMLElement {
  const clear = button("Forget these", () => {
    for (const field of [f.sum, f.configuration, f.policy, f.policyFile]) field.value = "";
    f.chosen = f.problem = undefined;
    refresh();
  });
  clear.className = "quiet";
  return el(
    "div",
    { class: "ask" },
    part("SHA-256 of the directory’s configuration", f.sum),
    part("Or the configuration itself, as served at /v1/configuration", f.configuration),
    part("Witness policy, which has the key of the directory’s log", f.policy),
    part("Or the file of the policy", f.policyFile),
    el("p", {}, clear),
  );
}

/** On a page of a directory, another one is the exception. */
function opened(page: Basis | undefined, fields: HTMLElement): HTMLElement {
  if (!page) return fields;
  return el("details", {}, el("summary", {}, "Another directory, or another policy"), fields);
}

function part(label: string, input: HTMLElement): HTMLElement {
  return el("p", { class: "field whole" }, el("label", { for: input.id }, label), input);
}

/** The largest file that is read as a configuration or as a policy, in bytes. */
const maxKnown = 1 << 20;

async function chosenBytes(input: HTMLInputElement): Promise<Uint8Array | undefined> {
  const file = input.files?.[0];
  if (!file || file.size > maxKnown) return undefined;
  return new Uint8Array(await file.arrayBuffer());
}

async function chooseConfiguration(f: Fields): Promise<void> {
  const bytes = await chosenBytes(f.configuration);
  f.chosen = bytes && readConfiguration(bytes);
  f.problem = f.chosen ? undefined : "The file that was chosen is no configuration. It does not count.";
  if (f.chosen) f.sum.value = sumOf(f.chosen);
}

async function choosePolicy(f: Fields): Promise<void> {
  const bytes = await chosenBytes(f.policyFile);
  try {
    f.policy.value = decodeUtf8(bytes ?? new Uint8Array());
    f.problem = undefined;
  } catch {
    f.problem = "The file that was chosen is no policy. It does not count.";
  }
}

const isSum = (text: string) => /^[0-9a-f]{64}$/.test(text);

function namedBasis(f: Fields, configurations: readonly Uint8Array[]): Basis {
  const typed = bareHex(f.sum.value);
  const all = f.chosen ? [f.chosen, ...configurations] : configurations;
  const configuration = all.find((one) => sumOf(one) === typed);
  const policy = policyOf(f.policy.value);
  return {
    whose: "the directory that you named",
    ...(configuration && { configuration }),
    ...(isSum(typed) && { configurationSha256: typed }),
    ...(policy && !(policy instanceof Error) && { policy }),
  };
}

function policyOf(text: string): Policy | Error | undefined {
  if (text.trim() === "") return undefined;
  try {
    return parsePolicy(encodeUtf8(text.replace(/\r\n?/g, "\n")));
  } catch (failure) {
    return failure instanceof Error ? failure : new Error(String(failure));
  }
}

/** What does not count of what is in the fields. */
function problems(f: Fields): HTMLElement[] {
  const typed = bareHex(f.sum.value);
  const policy = policyOf(f.policy.value);
  const found = f.problem === undefined ? [] : [f.problem];
  if (typed !== "" && !isSum(typed))
    found.push("A SHA-256 has 64 hexadecimal digits. What is there does not count.");
  if (policy instanceof Error) found.push(`The policy does not count. ${sentence(reasonOf(policy))}`);
  if (f.chosen && isSum(typed) && sumOf(f.chosen) !== typed)
    found.push("The configuration that was chosen has another SHA-256. It does not count.");
  return found.map((text) => el("p", { class: "notice", "data-state": "warn" }, text));
}

/** What files are held against at present. */
function tell(basis: Basis, isPage: boolean): HTMLElement[] {
  const [sum, logs = []] = [configurationSum(basis), logKeys(basis)];
  const rows = [
    ...(sum === undefined ? [] : [el("dt", {}, "Configuration, SHA-256"), el("dd", {}, code(sum))]),
    ...logs.flatMap((log) => [el("dt", {}, "Key of its log"), el("dd", {}, code(log))]),
  ];
  if (rows.length === 0) {
    const nothingKnown =
      "Nothing yet. Evidence is verified all the same, and names whom it is against: compare that with what the directory’s operator publishes.";
    return [el("p", {}, nothingKnown)];
  }
  const who = isPage
    ? "The directory of this page, as this browser has pinned it."
    : "The directory that you named.";
  return [el("p", {}, who), el("dl", { class: "facts" }, ...rows)];
}
