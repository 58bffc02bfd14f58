// Builds the project's commands for the tests that need them, once: npm test runs this first.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** The root of the repository, from build/test/world. */
export const repository = join(import.meta.dirname, "..", "..", "..", "..", "..");

/** Where the commands are built to. */
export const commands = join(import.meta.dirname, "..", "..", "bin");

/** What a command came to. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs ktd, kt or ktmon to its end. */
export function run(command: "ktd" | "kt" | "ktmon", ...args: string[]): Ran {
  const { status, stdout, stderr, error } = spawnSync(join(commands, command), args, { encoding: "utf8" });
  if (error) throw new Error(`${command}: ${error.message}: "npm test" builds it`);
  return { code: status, stdout, stderr };
}

/** Runs a command that must succeed. */
export function mustRun(command: "ktd" | "kt" | "ktmon", ...args: string[]): string {
  const r = run(command, ...args);
  if (r.code !== 0) throw new Error(`${command} ${args.join(" ")}: exit code ${r.code}: ${r.stderr}`);
  return r.stdout;
}

if (process.argv[1] === import.meta.filename) {
  const packages = ["ktd", "kt", "ktmon"].map((name) => `./cmd/${name}`);
  const { status } = spawnSync("go", ["build", "-o", commands + "/", ...packages], {
    cwd: repository,
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
}
