import type { SignedCheckpoint } from "../checkpoint.js";
import { maxNoteSize } from "../note.js";
import { Problem } from "../problem.js";
import { TileTree, tileFetcher } from "../tiletree.js";
import type { Transport } from "../transport.js";
import type { Environment } from "./environment.js";
import { type DirectoryPolicy, openDirectoryCheckpoint } from "./policy.js";

/** Entry bundles have 40 bytes an entry and 2 for its size; tiles of hashes are smaller. */
const maxTile = 256 * 42;

/**
 * Reads the log of a policy, for one operation. Whoever serves it learns which log entries the
 * client is interested in, and nothing of labels. What it serves proves itself: nothing here is
 * an accusation.
 */
export class PublicLog {
  readonly policy: DirectoryPolicy;
  readonly #transport: Transport;
  readonly #signal: AbortSignal | undefined;
  readonly #files = new Map<string, Promise<Uint8Array | undefined>>();

  constructor(env: Environment, policy: DirectoryPolicy, signal: AbortSignal | undefined) {
    this.policy = policy;
    this.#transport = env.reach(policy.url);
    this.#signal = signal;
  }

  /** The present checkpoint, which the log signed. */
  async checkpoint(): Promise<SignedCheckpoint> {
    return openDirectoryCheckpoint(
      this.policy,
      await this.#transport.file("/checkpoint", maxNoteSize, true, this.#signal),
    );
  }

  /** The tree under a checkpoint. */
  tree(c: SignedCheckpoint): TileTree {
    return new TileTree(
      c,
      tileFetcher((path) => this.#tile(path)),
    );
  }

  /** Whatever was read is read once. */
  #tile(path: string): Promise<Uint8Array | undefined> {
    let file = this.#files.get(path);
    if (!file) {
      file = this.#read(path);
      this.#files.set(path, file);
    }
    return file;
  }

  async #read(path: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#transport.file(`/${path}`, maxTile, false, this.#signal);
    } catch (error) {
      if (error instanceof Problem && error.status === 404) return undefined;
      throw error;
    }
  }
}
