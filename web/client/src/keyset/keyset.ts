/**
 * Typed data that the container does not define: of a set (a signature by the label's
 * account key), or an attribute of a key (its purposes).
 */
export interface Extension {
  type: number;
  data: Uint8Array;
}

/** One public key. The container does not look into data, whose shape the format gives. */
export interface Key {
  format: number;
  data: Uint8Array;
  /** What its owner calls the device that holds the key; often empty. */
  name: string;
  attributes: Extension[];
}

/** The value of a label. A set of no keys is valid: the label has none at present. */
export interface KeySet {
  keys: Key[];
  extensions: Extension[];
}
