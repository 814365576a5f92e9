import type { MetadataUnavailableError } from '../errors.js'
import type { JwtHeader } from '../event-context.js'
import type { MaybePromise } from '../../internal/maybe-promise.js'
import type { SigningKey } from './signing-key.js'

/** Whom to trust at one moment. A change of keys makes a new object, so identity tells generations apart. */
export interface Trust {
  readonly keys: readonly SigningKey[]
  /** The issuer that the metadata names; accepted besides the configured ones. */
  readonly issuer?: string | undefined
  /** Set when keys were chosen for one token, by its header. */
  readonly chosen?: boolean
  /** Set when the issuer could not be asked, so that what is missing here may exist there. */
  readonly unavailable?: MetadataUnavailableError | undefined
}

/** Where trust comes from: the options, a function of the user's, or an issuer's metadata. */
export interface TrustSource {
  /** What is trusted for a token with this header. */
  current(header: JwtHeader): MaybePromise<Trust>
  /** What is trusted after asking the issuer again; nothing when there is no news. */
  renewed(seen: Trust): MaybePromise<Trust | undefined>
  /**
   * What is trusted after a signature failed under a key with the token's name, which may have become another
   * key; nothing when there is no news.
   */
  rechecked(seen: Trust): MaybePromise<Trust | undefined>
}

/** Trusts the same keys for ever. */
export function fixedTrust(keys: readonly SigningKey[]): TrustSource {
  const trust: Trust = { keys }
  return { current: () => trust, renewed: () => undefined, rechecked: () => undefined }
}

/** Tells whether two moments trust the same issuer and the very same keys. */
export function sameTrust(one: Trust, other: Trust): boolean {
  return (
    one.issuer === other.issuer &&
    one.keys.length === other.keys.length &&
    one.keys.every((key, index) => key === other.keys[index])
  )
}
