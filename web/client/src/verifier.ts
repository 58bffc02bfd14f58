import type { Contact } from "./contact.js";
import { validateConfiguration, type Configuration } from "./config.js";
import type { Credential, CredentialUpdate } from "./credentialformat.js";
import type { AbsenceRequest, AbsenceResponse, BatchAnswer, BatchRequest } from "./extensions.js";
import type { Owner } from "./owner.js";
import type * as requests from "./requests.js";
import type * as responses from "./responses.js";
import type { Rules } from "./session.js";
import { checkPublicKeys } from "./signature.js";
import { verifyAbsence, type AbsenceResult } from "./verify-absence.js";
import { verifyBatch, type BatchResult } from "./verify-batch.js";
import { verifyContactMonitor, type ContactResult } from "./verify-contact.js";
import {
  verifyCredential,
  verifyCredentialUpdate,
  type CredentialResult,
  type Provisional,
} from "./verify-credential.js";
import { verifyDistinguished, type DistinguishedResult, type Recent } from "./verify-distinguished.js";
import {
  verifyOwnerInit,
  verifyOwnerMonitor,
  type OwnerMonitorResult,
  type OwnerResult,
} from "./verify-owner.js";
import { verifySearch, type SearchResult } from "./verify-search.js";
import { verifyUpdateResponse, type UpdateResult } from "./verify-update.js";
import type { View } from "./view.js";
import { parseVrfPublicKey } from "./vrf/index.js";

/**
 * Verifies a log's responses under its pinned Configuration: KEYTRANS, "User Operations". It keeps
 * no state.
 *
 * Each method takes what the user retained before, the request, which must have been sent with
 * `lastSize(view)`, the response, and the user's clock `now` in ms since the Unix epoch. It returns
 * what to retain from then on, and changes nothing that it is given. Whatever the response is, the
 * error is a Refusal, and nothing of the response may be used or retained; retained state that is
 * damaged, or a request that does not fit it, is a RangeError.
 */
export class Verifier {
  private readonly rules: Rules;

  /** Throws a Refusal "malformed" for a Configuration that cannot be used. */
  constructor(config: Configuration, rules: { unaudited?: boolean; timeless?: boolean } = {}) {
    validateConfiguration(config);
    checkPublicKeys(config);
    this.rules = { ...rules, config, vrf: parseVrfPublicKey(config.suite, config.vrfPublicKey) };
  }

  /** The pinned configuration, which must not be modified. */
  get configuration(): Configuration {
    return this.rules.config;
  }

  /**
   * A Verifier that accepts whatever auditor's head comes with the log's own, as long as its size
   * is one that the log has had. What it verifies is what the log has signed. That is good for
   * evidence, and for nothing else.
   */
  unaudited(): Verifier {
    return new Verifier(this.configuration, { ...this.rules, unaudited: true });
  }

  /** A Verifier that accepts heads of any time. Like `unaudited`, it is good for evidence only. */
  timeless(): Verifier {
    return new Verifier(this.configuration, { ...this.rules, timeless: true });
  }

  /** Verifies the value of a label. */
  search(view: View, q: requests.SearchRequest, p: responses.SearchResponse, now: number): SearchResult {
    return verifySearch(this.rules, view, q, p, now);
  }

  /** Verifies that what was looked up before is still there. `q.entries` is the map of the contact. */
  contactMonitor(
    view: View,
    contact: Contact,
    q: requests.ContactMonitorRequest,
    p: responses.ContactMonitorResponse,
    now: number,
  ): ContactResult {
    return verifyContactMonitor(this.rules, view, contact, q, p, now);
  }

  /** Verifies the state of a label that the result's owner owns from `q.start` on. */
  ownerInit(
    view: View,
    q: requests.OwnerInitRequest,
    p: responses.OwnerInitResponse,
    now: number,
  ): OwnerResult {
    return verifyOwnerInit(this.rules, view, q, p, now);
  }

  /**
   * Verifies the response to `ownerMonitorRequest(owner, view, label)`. If a version exists that
   * the owner does not know of, the Refusal is "unexpected-version", or only "proof" if the owner
   * lacks what it takes to verify that: an update request without values tells of new versions.
   *
   * It proves what `update` left as a claim. If it does not, honest answers are refused with
   * "proof" from then on, and the owner has to take the label over again.
   */
  ownerMonitor(view: View, owner: Owner, p: responses.OwnerMonitorResponse, now: number): OwnerMonitorResult {
    return verifyOwnerMonitor(this.rules, view, owner, p, now);
  }

  /**
   * Verifies one response to `q`, which must have been sent with `ownerGreatest(owner)`, too.
   * Several responses to one request are verified in order, each with the view and owner that the
   * one before leads to, and with `nextUpdateRequest` of it: KEYTRANS, "Updating a Label".
   */
  update(
    view: View,
    owner: Owner,
    q: requests.UpdateRequest,
    p: responses.UpdateResponse,
    now: number,
  ): UpdateResult {
    return verifyUpdateResponse(this.rules, view, owner, q, p, now);
  }

  /** Verifies the recent distinguished log entries. */
  distinguished(
    view: View,
    q: requests.DistinguishedRequest,
    p: responses.DistinguishedResponse,
    now: number,
  ): DistinguishedResult {
    return verifyDistinguished(this.rules, view, q, p, now);
  }

  /** Verifies that a label, or a version, does not exist: docs/extensions.md. */
  absence(view: View, q: AbsenceRequest, p: AbsenceResponse, now: number): AbsenceResult {
    return verifyAbsence(this.rules, view, q, p, now);
  }

  /**
   * Verifies the answers to the first queries of `q`: docs/extensions.md. There is a result for each
   * answer, and the view of the last that has one is what to retain. If one answer does not verify,
   * there is no result.
   */
  batch(view: View, q: BatchRequest, answers: readonly BatchAnswer[], now: number): BatchResult[] {
    return verifyBatch(this.rules, view, q, answers, now);
  }

  /**
   * Verifies a credential against the recent distinguished heads that the user retains; a
   * provisional one initially. It has no effect on anything else, and asks for nothing. The Refusal
   * is "not-recent" if the user knows no head at the credential's position.
   */
  credential(recent: Recent, c: Credential): CredentialResult {
    return verifyCredential(this.rules, recent, c);
  }

  /**
   * Verifies a provisional credential finally by the second of the two ways, against the recent
   * distinguished heads that the user retains. Returns the position of the one that the update
   * leads to. An update does not say that, so each of the heads is tried.
   *
   * The Refusal is "not-recent" if the user knows no distinguished entry yet that the update could
   * lead to: it may have come early.
   */
  credentialUpdate(p: Provisional, recent: Recent, u: CredentialUpdate): number {
    return verifyCredentialUpdate(this.rules, p, recent, u);
  }
}
