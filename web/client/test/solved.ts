// Responses of the project's test vectors that are accepted, decoded, with what they lead to.
import assert from "node:assert/strict";

import { decodeOwner, decodeContact, decodeView } from "../agree/json.js";
import type { OperationCase } from "../agree/operations.js";
import * as kt from "../src/index.js";
import { hex, readVectors } from "./vectors.js";

interface Case extends Omit<OperationCase, "configuration"> {
  name: string;
  of?: string;
  log?: string;
  expect: { refusal?: string };
}

/** A user of a log, and what it receives. */
export interface Given {
  name: string;
  config: kt.Configuration;
  verifier: kt.Verifier;
  view: kt.View;
  contact: kt.Contact;
  owner: kt.Owner | undefined;
  recent: kt.Recent;
  later: kt.Recent;
  request: Uint8Array;
  response: Uint8Array;
  credential: Uint8Array;
  update: Uint8Array;
  now: number;
}

/** The accepted cases of an operation that are no copies, of logs whose name has a part. */
export function accepted(operation: string, log = ""): Given[] {
  const { cases, logs } = readVectors<Case>(operation);
  return cases
    .filter((c) => c.of === undefined && c.expect.refusal === undefined && c.log?.includes(log))
    .map((c) => given(c, logs));
}

function given(c: Case, logs: Record<string, string>): Given {
  const config = kt.parseConfiguration(hex(logs[c.log ?? ""]));
  return {
    name: c.name,
    config,
    verifier: new kt.Verifier(config),
    view: decodeView(c.state?.view),
    contact: decodeContact(c.state?.contact),
    owner: c.state?.owner && decodeOwner(c.state.owner),
    recent: (c.recent ?? []).map(decodeView),
    later: (c.later ?? []).map(decodeView),
    request: hex(c.request),
    response: hex(c.response),
    credential: hex(c.credential),
    update: hex(c.credential_update),
    now: c.clock ?? 0,
  };
}

/** The given case whose name has a part. */
export function one(cases: readonly Given[], name: string): Given {
  const found = cases.find((c) => c.name.includes(name));
  assert.ok(found, `no case ${name}`);
  return found;
}

/** A search, decoded. */
export function search(g: Given) {
  const q = kt.parseSearchRequest(g.request);
  const p = kt.parseSearchResponse(g.config, q, g.response);
  const run = (v = g.verifier, now = g.now, view = g.view) => v.search(view, q, p, now);
  return { q, p, run };
}

/** The result of a credential's initial verification. */
export function provisional(g: Given): kt.Provisional {
  const r = g.verifier.credential(g.recent, kt.parseCredential(g.config, g.credential));
  assert.ok(r.provisional);
  return r.provisional;
}
