import type { CryptoKey, JWK } from 'jose'

/** The key that signs at the moment. */
export interface TokenSigner {
  readonly kid: string | undefined
  readonly algorithm: string
  readonly key: CryptoKey | Uint8Array
}

/** Signing keys that take turns. */
export interface KeyRing {
  /** The key to sign with now. */
  signer(): Promise<TokenSigner>
  /** What verifiers need, now: announced, signing and verify-only keys. Shared secrets are never in it. */
  jwks(): Promise<{ readonly keys: readonly JWK[] }>
  /** The verification keys with a `kid`, shared secrets included: for the issuing process itself. */
  verifiers(kid: string | undefined): Promise<readonly JWK[]>
  /**
   * Brings in a new key ahead of time. It is announced as usual before it signs.
   *
   * @param options - `compromised` drops all earlier keys and signs with the new one at once: tokens
   * of the earlier keys are refused as soon as verifiers have read the new key set.
   */
  rotate(options?: { readonly compromised?: boolean | undefined }): Promise<void>
}
