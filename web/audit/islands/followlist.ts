/** The labels that this browser looks up again on each visit. The list stays in the browser. */
import type { Session } from "./view.js";

/** The most labels that are followed: each is asked for on each visit. */
export const maxFollowed = 200;

const keyOf = ({ client }: Session) => `followed ${client.directory}`;

/** Reads the list, in order. What is no list counts as empty: the next change writes it anew. */
export async function readFollowed(session: Session): Promise<string[]> {
  return parse((await session.store.read(keyOf(session)))?.text);
}

function parse(text: string | undefined): string[] {
  try {
    const list: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(list) ? list.filter((label) => typeof label === "string") : [];
  } catch {
    return [];
  }
}

/** Puts a label into the list, or takes it out. Throws an Error in words if the list is full. */
export async function setFollowed(session: Session, label: string, followed: boolean): Promise<void> {
  const { store } = session;
  const key = keyOf(session);
  await store.exclusive(key, undefined, async () => {
    const record = await store.read(key);
    const labels = new Set(parse(record?.text));
    if (followed) labels.add(label);
    else labels.delete(label);
    if (labels.size > maxFollowed) throw new Error(`This page follows ${maxFollowed} labels at most.`);
    const text = JSON.stringify([...labels].sort());
    await store.write([{ key, text, revision: record?.revision ?? 0 }]);
  });
}
