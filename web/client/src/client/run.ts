import { equalBytes } from "../bytes.js";
import { Failure } from "../failure.js";
import type { OperationOptions } from "../results.js";
import { type Environment, exclusively } from "./environment.js";
import { checkLabel } from "./label.js";
import { Operation } from "./operation.js";
import { loadState } from "./stored.js";

/** Runs an operation on a directory. What was verified stays, also if it fails. Throws a Failure. */
export function runOperation<T>(
  env: Environment,
  options: OperationOptions,
  labels: readonly string[],
  work: (op: Operation) => Promise<T>,
): Promise<T> {
  return exclusively(env.store, env.directory, options, async () => {
    labels.forEach(checkLabel);
    const op = await begin(env, options);
    try {
      return await work(op);
    } catch (error) {
      await op.flush().catch(() => undefined);
      throw error;
    }
  });
}

async function begin(env: Environment, options: OperationOptions): Promise<Operation> {
  const stored = await loadState(env.store, env.directory);
  if (stored && equalBytes(stored.state.configuration, env.configuration)) {
    return new Operation(env, options, stored.state, stored.record);
  }
  const message = "what was retained of the directory was discarded, in another tab perhaps";
  throw new Failure("operational", "reading what is retained", message, { hint: "open the directory anew" });
}
