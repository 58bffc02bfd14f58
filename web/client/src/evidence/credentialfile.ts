import { bytes, malformed, object, optional, string, uint } from "./json.js";

export const credentialFormat = "ghostlight-credential";
export const credentialUpdateFormat = "ghostlight-credential-update";

/** The size in bytes of the largest file of a credential, or of an update of one. */
export const maxCredentialSize = 4 << 20;

/**
 * The file of a credential, or of an update of one (docs/credentials.md, "Files"). What stands
 * beside the encoded structure says what to verify it against; nothing vouches for it.
 */
export interface CredentialFile {
  format: string;
  version: number;
  /** The directory's URL. */
  directory: string;
  /** In hexadecimal. */
  configurationSha256: string;
  /** That of the credential which an update is about. */
  credentialSha256: string;
  /** The encoded Credential, unless it is an update. */
  credential?: Uint8Array | undefined;
  /** The encoded CredentialUpdate. */
  update?: Uint8Array | undefined;
}

const file = object<CredentialFile>({
  format: string,
  version: uint,
  directory: string,
  configurationSha256: string,
  credentialSha256: string,
  credential: optional(bytes),
  update: optional(bytes),
});

/** Reads the file of a credential or an update, of JSON that is parsed. Throws a Refusal "malformed". */
export function credentialFileOf(value: unknown): CredentialFile {
  const f = file(value);
  const isUpdate = f.format === credentialUpdateFormat;
  if (f.version !== 1) throw malformed(`it has version ${f.version} of its format, which is not known`);
  const has = (b: Uint8Array | undefined) => b !== undefined && b.length > 0;
  if (
    (!isUpdate && f.format !== credentialFormat) ||
    isUpdate !== has(f.update) ||
    isUpdate === has(f.credential) ||
    isUpdate !== (f.credentialSha256 !== "")
  ) {
    throw malformed("it is neither a credential nor an update of one");
  }
  return f;
}
