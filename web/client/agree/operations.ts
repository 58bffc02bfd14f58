// The user operations on what the project's test vectors have: testdata/vectors/README.md.
import * as kt from "../src/index.js";
import * as json from "./json.js";

/** One response, and the user who receives it. Byte strings are hexadecimal. */
export interface OperationCase {
  /** The encoded Configuration that the user pinned. */
  configuration: string;
  state?: { view?: json.ViewJson | null; contact?: json.ContactJson; owner?: json.OwnerJson };
  request?: string;
  response?: string;
  /** In ms since the Unix epoch. */
  clock?: number;

  // Of a credential, in place of those above but the configuration.
  recent?: json.ViewJson[];
  later?: json.ViewJson[];
  credential?: string;
  credential_update?: string;
}

/** A case that has been decoded: what it is verified with, and the verification. */
export interface Prepared {
  inputs: unknown;
  /** Returns what the response establishes, in the format of the vectors. Throws a Refusal. */
  verify(): object;
}

/** What an operation is done with. */
interface User {
  verifier: kt.Verifier;
  config: kt.Configuration;
  view: kt.View;
  request: Uint8Array;
  response: Uint8Array;
  now: number;
}

/** Decodes a case of an operation. Throws a Refusal "malformed". */
export function prepare(operation: string, c: OperationCase): Prepared {
  const decode = Object.hasOwn(operations, operation) && operations[operation];
  if (!decode) throw new RangeError(`there is no operation ${operation}`);
  const config = kt.parseConfiguration(kt.decodeHex(c.configuration));
  const user: User = {
    config,
    verifier: new kt.Verifier(config),
    view: json.decodeView(c.state?.view),
    request: kt.decodeHex(c.request ?? ""),
    response: kt.decodeHex(c.response ?? ""),
    now: c.clock ?? 0,
  };
  return decode(user, c);
}

const owner = (c: OperationCase): kt.Owner => {
  if (!c.state?.owner) throw new RangeError("the case has no owner");
  return json.decodeOwner(c.state.owner);
};

const operations: Record<string, (u: User, c: OperationCase) => Prepared> = {
  search: (u) => {
    const q = kt.parseSearchRequest(u.request);
    const p = kt.parseSearchResponse(u.config, q, u.response);
    return { inputs: [u, q, p], verify: () => searchExpect(u.verifier.search(u.view, q, p, u.now)) };
  },
  "contact-monitor": (u, c) => {
    const contact = json.decodeContact(c.state?.contact);
    const q = kt.parseContactMonitorRequest(u.request);
    const p = kt.parseContactMonitorResponse(u.config, u.response);
    const verify = () => {
      const r = u.verifier.contactMonitor(u.view, contact, q, p, u.now);
      return { view: json.encodeView(r.view), contact: json.encodeContact(r.contact) };
    };
    return { inputs: [u, contact, q, p], verify };
  },
  "owner-init": (u) => {
    const q = kt.parseOwnerInitRequest(u.request);
    const p = kt.parseOwnerInitResponse(u.config, u.response);
    const verify = () => {
      const r = u.verifier.ownerInit(u.view, q, p, u.now);
      return { view: json.encodeView(r.view), owner: json.encodeOwner(r.owner) };
    };
    return { inputs: [u, q, p], verify };
  },
  "owner-monitor": (u, c) => {
    const o = owner(c);
    const p = kt.parseOwnerMonitorResponse(u.config, u.response);
    const verify = () => {
      const r = u.verifier.ownerMonitor(u.view, o, p, u.now);
      return { view: json.encodeView(r.view), owner: json.encodeOwner(r.owner), complete: r.complete };
    };
    return { inputs: [u, o, p], verify };
  },
  update: (u, c) => {
    const o = owner(c);
    const q = kt.parseUpdateRequest(u.request);
    const ps = kt.parseUpdateResponses(u.config, u.response);
    return { inputs: [u, o, q, ps], verify: () => verifyUpdates(u, o, q, ps) };
  },
  distinguished: (u) => {
    const q = kt.parseDistinguishedRequest(u.request);
    const p = kt.parseDistinguishedResponse(u.config, u.response);
    const verify = () => {
      const { view, positions } = u.verifier.distinguished(u.view, q, p, u.now);
      return { view: json.encodeView(view), ...(positions.length > 0 && { positions: [...positions] }) };
    };
    return { inputs: [u, q, p], verify };
  },
  absence: (u) => {
    const q = kt.parseAbsenceRequest(u.request);
    const p = kt.parseAbsenceResponse(u.config, u.response);
    const verify = () => {
      const { view, greatest } = u.verifier.absence(u.view, q, p, u.now);
      return { view: json.encodeView(view), ...(greatest !== undefined && { greatest }) };
    };
    return { inputs: [u, q, p], verify };
  },
  batch: (u) => {
    const q = kt.parseBatchRequest(u.request);
    const answers = kt.parseBatchAnswers(u.config, q, u.response);
    const verify = () => batchExpect(u.view, u.verifier.batch(u.view, q, answers, u.now));
    return { inputs: [u, q, answers], verify };
  },
  credential: (u, c) => {
    const recent = (c.recent ?? []).map(json.decodeView);
    const later = (c.later ?? []).map(json.decodeView);
    const credential = kt.parseCredential(u.config, kt.decodeHex(c.credential ?? ""));
    const verify = () =>
      verifyCredential(u, recent, later, credential, kt.decodeHex(c.credential_update ?? ""));
    return { inputs: [u, recent, later, credential], verify };
  },
};

/** The names of the operations. */
export const operationNames: readonly string[] = Object.keys(operations);

function searchExpect(r: kt.SearchResult): object {
  const { value, signature } = r.value;
  return {
    view: json.encodeView(r.view),
    version: r.version,
    value: kt.encodeHex(value),
    ...(signature?.length && { value_signature: kt.encodeHex(signature) }),
    terminal: r.terminal,
    must_monitor: r.monitor,
  };
}

function verifyUpdates(u: User, o: kt.Owner, q: kt.UpdateRequest, ps: readonly kt.UpdateResponse[]): object {
  let { view } = u;
  const updates = ps.map((p) => {
    const r = u.verifier.update(view, o, q, p, u.now);
    ({ view, owner: o } = r);
    q = kt.nextUpdateRequest(q, r);
    return {
      position: r.position,
      first_version: r.first,
      ...(r.skipped > 0 && { skipped: r.skipped }),
      values: r.values.map((v) => kt.encodeHex(v.value)),
      ...(r.requested && { requested: true }),
    };
  });
  return { view: json.encodeView(view), owner: json.encodeOwner(o), updates };
}

function batchExpect(view: kt.View, results: readonly kt.BatchResult[]): object {
  const answers = results.map((r) => {
    view = kt.batchVerified(r)?.view ?? view;
    switch (r.kind) {
      case kt.answerSearch:
        return { kind: r.kind, version: r.search.version, value: kt.encodeHex(r.search.value.value) };
      case kt.answerAbsence:
        return { kind: r.kind, ...(r.absence.greatest !== undefined && { greatest: r.absence.greatest }) };
      default:
        return { kind: r.kind };
    }
  });
  return { view: json.encodeView(view), answers };
}

function verifyCredential(
  u: User,
  recent: kt.Recent,
  later: kt.Recent,
  credential: kt.Credential,
  update: Uint8Array,
): object {
  const r = u.verifier.credential(recent, credential);
  const base = {
    ...(r.label.length > 0 && { label: kt.encodeHex(r.label) }),
    version: r.version,
    value: kt.encodeHex(r.value.value),
  };
  if (!r.provisional) return base;
  const { verified, terminal } = r.provisional;
  const initial = { ...base, view: json.encodeView(verified.view), terminal: terminal.position };
  if (update.length === 0) return initial;
  const final = u.verifier.credentialUpdate(r.provisional, later, kt.parseCredentialUpdate(update));
  return { ...initial, final_at: final };
}
