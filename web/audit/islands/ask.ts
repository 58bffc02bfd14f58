/** Asks another origin for a file. It is told nothing but that somebody asks. */

/** How long to wait for all of an answer, in milliseconds. */
const patience = 15_000;

/** That there was no answer to use. The message is for people. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/**
 * Fetches at most so many bytes. Rejects with a NoAnswer if that takes too long, fails, or there
 * are more.
 */
export async function askBytes(url: string, limit: number, wait = patience): Promise<Uint8Array> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(wait),
      credentials: "omit",
      redirect: "manual",
      referrerPolicy: "no-referrer",
    });
    if (response.type === "opaqueredirect") {
      throw new NoAnswer(
        "It sends this browser elsewhere (a redirect), which is refused. Use its own address.",
      );
    }
    if (!response.ok) throw new NoAnswer(`It answered with the status ${response.status}.`);
    return await readLimited(response, limit);
  } catch (failure) {
    if (failure instanceof NoAnswer) throw failure;
    if (failure instanceof Error && /^(Timeout|Abort)Error$/.test(failure.name)) {
      throw new NoAnswer("It did not answer in time.");
    }
    throw new NoAnswer(
      navigator.onLine ? "It could not be reached." : "It could not be reached: this device is offline.",
    );
  }
}

async function readLimited(response: Response, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const part = await reader?.read();
    if (part?.value === undefined) break;
    size += part.value.length;
    if (size > limit) {
      void reader?.cancel();
      throw new NoAnswer(`It answered with more than ${limit} bytes.`);
    }
    parts.push(part.value);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
