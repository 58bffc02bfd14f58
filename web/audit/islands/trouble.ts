/** Says what a failure that is none of the client's means. Its text is never markup. */
export function inWords(failure: unknown): string {
  if (!(failure instanceof Error)) return "Something failed without saying why.";
  if (failure.name === "TimeoutError" || failure.name === "AbortError") {
    return "The server did not answer in time. Try again, or later.";
  }
  if (failure instanceof TypeError && /fetch|import|network/i.test(failure.message)) {
    return navigator.onLine
      ? "The server could not be reached. Try again, or later."
      : "This device is offline. Connect it and try again.";
  }
  return failure.message;
}
