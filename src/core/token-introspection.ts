import type { MaybePromise } from '../internal/maybe-promise.js'
import type { Trust } from './keys/trust.js'
import type { JwtClaims } from './claims-principal.js'

/** What is known of a token that its issuer calls active. */
export interface IntrospectedToken {
  /** The members of the answer without `active`, frozen: several requests may share them. */
  readonly payload: JwtClaims
  /** The issuer that the metadata names, where there was a need to fetch it. */
  readonly issuer: string | undefined
  /** What a `claimsSchema` made of the members, for the next use of the token. */
  claims?: JwtClaims
  /** What stands in place of keys, for the next use of the token. */
  trust?: Trust
}

/** Asks the issuer about the tokens of one scheme. */
export interface TokenIntrospector {
  readonly maxTokenLength: number
  /** Finds out where to ask; rejects when it cannot. Asks about no token. */
  readonly ready: () => Promise<void>
  /** Finds out what an active token says; nothing when it is not active. Rejects when nobody can tell. */
  readonly introspect: (token: string) => MaybePromise<IntrospectedToken | undefined>
}

/** What an introspector takes over from its scheme; durations in seconds. */
export interface IntrospectionSurroundings {
  readonly scheme: string
  readonly authority: string | undefined
  readonly metadataAddress: string | undefined
  /** Whether nothing but the metadata tells which issuer is accepted. */
  readonly needsIssuer: boolean
  readonly requireHttps: boolean
  readonly fetch: typeof globalThis.fetch
  readonly clock: () => number
  readonly maxTokenLength: number
  readonly backchannelTimeout: number
  readonly automaticRefreshInterval: number
}

/** A way to ask the issuer about tokens, for the option `introspection`: what `introspection()` makes. */
export interface TokenIntrospection {
  /** Whether JWTs are asked about too. */
  readonly tokens: 'opaque' | 'all'
  /**
   * Makes the introspector of one scheme, with a memory of its own.
   *
   * @throws `ConfigurationError` when there is no endpoint to be found, or it is not safe.
   */
  readonly forScheme: (around: IntrospectionSurroundings) => TokenIntrospector
}
