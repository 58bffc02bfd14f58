import { encodeDistinguishedRequest } from "../requests.js";
import { parseDistinguishedResponse } from "../responses.js";
import { lastSize } from "../view.js";
import { keepDistinguished } from "./kept.js";
import type { Exchange, Operation } from "./operation.js";
import { proceed } from "./proceed.js";

/**
 * Brings the view up to date, retains the recent distinguished heads, and returns the positions of
 * their log entries, from right to left. Those that are not recent any more are forgotten.
 */
export async function distinguished(op: Operation): Promise<readonly number[]> {
  const { view, recent } = op.state;
  const request = { last: lastSize(view) };
  let kept: Exchange | undefined;
  const positions = await op.ask({
    operation: "distinguished",
    request: encodeDistinguishedRequest(request),
    verify(bytes, next, exchange) {
      const response = parseDistinguishedResponse(op.env.config, bytes);
      const now = op.env.now();
      const result = op.env.verifier.distinguished(view, request, response, now);
      proceed(next, result, now);
      next.recent = result.recent;
      kept = exchange;
      return result.positions;
    },
  });
  // Only if they are not those from before: the exchange is for evidence.
  if (kept && recent.at(-1)?.head.treeSize !== op.state.recent.at(-1)?.head.treeSize)
    await keepDistinguished(op, kept);
  return positions;
}
