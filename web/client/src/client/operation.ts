import type { Refusal } from "../errors.js";
import type { OperationOptions } from "../results.js";
import type { StoredRecord } from "../state/store.js";
import type { View } from "../view.js";
import type { Environment } from "./environment.js";
import { refused, rejected } from "./errors.js";
import type { PublicLog } from "./publiclog.js";
import { cloneState, type Proofs, type State } from "./state.js";
import { saveState } from "./stored.js";

/** One request of the protocol and its response, with the view that it was sent with. */
export interface Exchange {
  readonly operation: string;
  /** Undefined for operations without one. */
  readonly label: string | undefined;
  readonly request: Uint8Array;
  readonly response: Uint8Array;
  readonly view: View;
  readonly proofs: Proofs;
}

/** A request of the protocol. */
interface Query<T> {
  readonly operation: string;
  readonly label?: string;
  readonly request: Uint8Array;
  /**
   * Verifies the encoded response and makes the changes that follow from it to `next`, a
   * clone of the state. Throws a Refusal.
   */
  verify(response: Uint8Array, next: State, exchange: Exchange): T | Promise<T>;
}

/** One operation of a Client, while it has the directory's state to itself. */
export class Operation {
  readonly env: Environment;
  readonly options: OperationOptions;
  /** As it is stored, unless storing is deferred. Never modified: see store. */
  state: State;
  /** States are stored by flush only: for operations on many labels. */
  deferred = false;
  /** The public log, once it was asked for. */
  log: PublicLog | undefined;
  #record: StoredRecord | undefined;
  #unsaved = false;

  constructor(env: Environment, options: OperationOptions, state: State, record: StoredRecord | undefined) {
    this.env = env;
    this.options = options;
    this.state = state;
    this.#record = record;
  }

  get signal(): AbortSignal | undefined {
    return this.options.signal;
  }

  progress(step: string, done: number, total?: number): void {
    this.options.progress?.({ step, done, total });
  }

  /**
   * Sends a request, verifies the response and stores what follows from it. The state is
   * what it was if any of that fails. Throws a Failure.
   */
  async ask<T>(q: Query<T>): Promise<T> {
    const { view, proofs } = this.state;
    let x: Exchange = {
      operation: q.operation,
      label: q.label,
      request: q.request,
      response: none,
      view,
      proofs,
    };
    try {
      x = { ...x, response: await this.env.transport.post(q.operation, q.request, this.signal) };
    } catch (error) {
      throw await refused(this, x, error);
    }
    const next = cloneState(this.state);
    let out: T;
    try {
      out = await q.verify(x.response, next, x);
    } catch (error) {
      throw await rejected(this, x, error as Refusal);
    }
    await this.store(next);
    return out;
  }

  /** Makes next the state. */
  async store(next: State): Promise<void> {
    if (this.deferred) this.#unsaved = true;
    else this.#record = await saveState(this.env.store, next, this.#record);
    this.state = next;
  }

  /** Stores what was deferred. Nothing that rests on it may be handed out before. */
  async flush(): Promise<void> {
    if (this.#unsaved) this.#record = await saveState(this.env.store, this.state, this.#record);
    this.#unsaved = this.deferred = false;
  }
}

const none = new Uint8Array();
