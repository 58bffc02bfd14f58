// What a program with a Verifier and the public log's checkpoints needs of "./core". It is bundled
// to be measured, and never run.

export {
  hashLeaf,
  isWitnessed,
  openCheckpoint,
  openStore,
  parseConfiguration,
  parsePolicy,
  requireQuorum,
  tileFetcher,
  TileTree,
  Verifier,
  verifyConsistency,
  verifyInclusion,
  // Requests and responses of each operation.
  encodeContactMonitorRequest,
  encodeDistinguishedRequest,
  encodeOwnerInitRequest,
  encodeOwnerMonitorRequest,
  encodeSearchRequest,
  ownerMonitorRequest,
  parseContactMonitorResponse,
  parseCredential,
  parseCredentialUpdate,
  parseDistinguishedResponse,
  parseOwnerInitResponse,
  parseOwnerMonitorResponse,
  parseSearchResponse,
} from "../src/core.js";
