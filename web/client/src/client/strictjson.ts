import { Refusal } from "../errors.js";

/**
 * Reads a file that is one JSON object of a format, in its version 1, with no fields but the given
 * ones. Throws a Refusal "malformed".
 */
export function readObject(
  text: string,
  maxSize: number,
  formats: readonly string[],
  fields: readonly string[],
): Record<string, unknown> {
  const what = `not a file of the format ${formats.join(" or ")}`;
  if (text.length > maxSize) throw new Refusal("malformed", `${what}: it is larger than ${maxSize} bytes`);
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw new Refusal("malformed", what);
  }
  const object = Object(found) as Record<string, unknown>;
  if (!formats.includes(String(object["format"]))) throw new Refusal("malformed", what);
  if (object["version"] !== 1)
    throw new Refusal("malformed", "the file has a version that this program does not know");
  const surplus = Object.keys(object).find((k) => !["format", "version", "directory", ...fields].includes(k));
  if (surplus !== undefined) throw new Refusal("malformed", `${what}: it has an unknown field`);
  return object;
}

/** A field that is a string. Throws a Refusal "malformed". */
export function stringField(object: Record<string, unknown>, field: string): string {
  const value = object[field];
  if (typeof value !== "string") throw new Refusal("malformed", `the field ${field} is no string`);
  return value;
}
