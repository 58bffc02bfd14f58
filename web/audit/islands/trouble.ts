/** What went wrong, in words that say what it means and what to do. */

/** That the network or the server kept an answer from this page. */
export class Unreachable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Unreachable";
  }
}

/** Says what a failure means. The text of a failure is never markup. */
export function inWords(failure: unknown): string {
  if (!(failure instanceof Error)) return "Something failed without saying why.";
  if (failure.name === "TimeoutError" || failure.name === "AbortError") {
    return "The server did not answer in time. Try again, or later.";
  }
  if (failure instanceof Unreachable) return failure.message;
  if (failure instanceof TypeError && /fetch|import|network/i.test(failure.message)) {
    return navigator.onLine
      ? "The server could not be reached. Try again, or later."
      : "This device is offline. Connect it and try again.";
  }
  return failure.message;
}
