import { parse, Reader, Writer } from "./codec.js";
import { Refusal } from "./errors.js";
import type { CipherSuite } from "./suite.js";

/** Who, beside the operator, keeps a log honest: KEYTRANS, "Tree Head Signature". */
export type DeploymentMode = 1 | 2 | 3;

/** The deployment modes, as a Configuration has them. */
export const contactMonitoring = 1;
export const thirdPartyManagement = 2;
export const thirdPartyAuditing = 3;

/**
 * The long-term configuration of a log. Users pin it; every signature covers it. Durations
 * are in milliseconds.
 */
export interface Configuration {
  suite: CipherSuite;
  mode: DeploymentMode;
  signaturePublicKey: Uint8Array;
  vrfPublicKey: Uint8Array;
  /** Under third-party management only. */
  leafPublicKey?: Uint8Array;
  /** These three under third-party auditing only. */
  maxAuditorLag?: number;
  auditorStartPos?: number;
  auditorPublicKey?: Uint8Array;
  /** How far the rightmost entry's timestamp may be from the user's clock. */
  maxAhead: number;
  maxBehind: number;
  reasonableMonitoringWindow: number;
  /** Of log entries. It exceeds the window. */
  maximumLifetime?: number;
}

/**
 * Decodes a Configuration. Throws a Refusal of the kind "malformed", also if a field has a
 * value that cannot be used. It does not look at the keys: see checkPublicKeys and
 * parseVrfPublicKey.
 */
export function parseConfiguration(bytes: Uint8Array): Configuration {
  const c = parse(bytes, readConfiguration);
  validateConfiguration(c);
  return c;
}

function readConfiguration(r: Reader): Configuration {
  const suite = r.u16("ciphersuite");
  if (suite !== 1 && suite !== 2) r.fail(`cipher suite ${suite} is not supported`);
  const mode = r.u8("mode");
  if (mode !== 1 && mode !== 2 && mode !== 3) r.fail(`deployment mode ${mode} is not defined`);
  const c = {
    suite,
    mode,
    signaturePublicKey: r.opaque(2, "signature_public_key"),
    vrfPublicKey: r.opaque(2, "vrf_public_key"),
    ...readThirdParty(r, mode),
    maxAhead: r.u64("max_ahead"),
    maxBehind: r.u64("max_behind"),
    reasonableMonitoringWindow: r.u64("reasonable_monitoring_window"),
  } satisfies Configuration;
  const maximumLifetime = r.optional64("maximum_lifetime");
  return maximumLifetime === undefined ? c : { ...c, maximumLifetime };
}

function readThirdParty(r: Reader, mode: DeploymentMode): Partial<Configuration> {
  switch (mode) {
    case thirdPartyManagement:
      return { leafPublicKey: r.opaque(2, "leaf_public_key") };
    case thirdPartyAuditing:
      return {
        maxAuditorLag: r.u64("max_auditor_lag"),
        auditorStartPos: r.u64("auditor_start_pos"),
        auditorPublicKey: r.opaque(2, "auditor_public_key"),
      };
    default:
      return {};
  }
}

/** Throws a Refusal of the kind "malformed" for a value that cannot be used. */
export function validateConfiguration(c: Configuration): void {
  // SPEC: it MUST be greater than zero and greater than the RMW.
  if (c.maximumLifetime !== undefined && c.maximumLifetime <= c.reasonableMonitoringWindow) {
    throw new Refusal("malformed", "maximum_lifetime does not exceed the reasonable monitoring window");
  }
}

const none = new Uint8Array();

/** Writes a Configuration, with which every structure to be signed begins. */
export function writeConfiguration(w: Writer, c: Configuration): void {
  w.u16(c.suite).u8(c.mode).opaque(2, c.signaturePublicKey).opaque(2, c.vrfPublicKey);
  switch (c.mode) {
    case thirdPartyManagement:
      w.opaque(2, c.leafPublicKey ?? none);
      break;
    case thirdPartyAuditing:
      w.u64(c.maxAuditorLag ?? 0).u64(c.auditorStartPos ?? 0);
      w.opaque(2, c.auditorPublicKey ?? none);
  }
  w.u64(c.maxAhead).u64(c.maxBehind).u64(c.reasonableMonitoringWindow);
  w.optional64(c.maximumLifetime);
}

/** Returns the encoding of a Configuration. */
export function encodeConfiguration(c: Configuration): Uint8Array {
  const w = new Writer();
  writeConfiguration(w, c);
  return w.bytes();
}
