import type { JwtBearerEvents } from '../events.js'
import type { MaybePromise } from '../../internal/maybe-promise.js'
import type { JwtClaims } from '../claims-principal.js'
import type { ProofOfPossession } from '../proof-of-possession.js'
import type { TokenIntrospection } from '../token-introspection.js'
import type { TokenValidationParameters } from '../validation/parameters.js'
import type { AuthenticationRequest } from './read-token.js'

/** Whose tokens are good, and what makes them so. */
export interface IssuerOptions<TClaims = JwtClaims> {
  /**
   * Base URL of the issuer. Its metadata (OpenID Connect Discovery, else RFC 8414) says where the keys
   * are and which `iss` its tokens carry.
   */
  authority?: string | undefined
  /** URL of the metadata, where it does not follow from the authority. */
  metadataAddress?: string | undefined
  /** URL of the key set, where there is no metadata; `validIssuer` is then needed. */
  jwksUri?: string | undefined
  /**
   * Whether metadata and keys must be fetched over `https:`.
   *
   * @remarks On a plain `http:` connection anyone on the path can replace the signing keys and mint valid
   * tokens. Turn this off only for an issuer on your own machine.
   *
   * @defaultValue `true`
   */
  requireHttpsMetadata?: boolean | undefined
  /** The audience or audiences a token may be meant for; one of them is enough. */
  audience?: string | readonly string[] | undefined
  /** What makes a token good. */
  tokenValidationParameters?: TokenValidationParameters<TClaims> | undefined
}

/**
 * Finds the options for a token's issuer; nothing returned means: refused.
 *
 * It is asked for every token, and a change in what it returns counts at once. Functions, keys and schemas
 * are told apart by identity: make them once, outside, so that tokens can be remembered.
 *
 * @param iss - What the token claims, not verified. Look it up; never build a URL from it.
 */
export type IssuerResolver<TClaims = JwtClaims> = (
  iss: string,
  request: AuthenticationRequest,
) => MaybePromise<IssuerOptions<TClaims> | null | undefined>

/** How tokens that passed every check are remembered. */
export interface TokenCacheOptions {
  /**
   * How many tokens are remembered; the least recently used make room. Once as many were added, 1,000 at least,
   * without one that came again, one in 64 is remembered, and more for each that comes again.
   *
   * @defaultValue `1000`
   */
  maxEntries?: number | undefined
  /**
   * For how many seconds a token is remembered, a day at most; never beyond its `exp`.
   *
   * @defaultValue `300`
   */
  maxAge?: number | undefined
}

/** What `jwtBearer()` accepts. `undefined` always means the default. */
export interface JwtBearerOptions<TClaims = JwtClaims> extends IssuerOptions<TClaims> {
  /**
   * Name of this configuration, for guards that ask for one of several. The header's prefix is `Bearer`,
   * and `DPoP` where `proofOfPossession` holds `dpop()`.
   *
   * @defaultValue `'Bearer'`
   */
  scheme?: string | undefined
  /**
   * Several issuers under one scheme, as a list or as a function that looks one up; takes the place of
   * the options for a single issuer.
   */
  issuers?: readonly IssuerOptions<TClaims>[] | IssuerResolver<TClaims> | undefined
  /** Hooks into the walk. */
  events?: JwtBearerEvents | undefined
  /**
   * Whether the raw token is kept on the result of {@link getAuthentication}.
   *
   * @defaultValue `true`
   */
  saveToken?: boolean | undefined
  /**
   * Whether challenges say what was wrong, in `error` and `error_description`.
   *
   * @defaultValue `true`
   */
  includeErrorDetails?: boolean | undefined
  /** The `realm` parameter of challenges (RFC 9110 section 11.5). */
  realm?: string | undefined
  /**
   * Address of the protected resource's metadata (RFC 9728), wherever it is served: named in every challenge,
   * so that clients which know nothing but the API's URL find out who issues tokens for it. An `https:` URL
   * without a fragment; `http:` is for this machine alone.
   */
  resourceMetadata?: string | undefined
  /**
   * Whether an unknown key makes the keys be fetched again, and the same request be judged by them.
   *
   * @defaultValue `true`
   */
  refreshOnIssuerKeyNotFound?: boolean | undefined
  /**
   * Seconds after which metadata and keys are refreshed in the background; 31 days at most.
   *
   * @defaultValue `43200`
   */
  automaticRefreshInterval?: number | undefined
  /**
   * The least number of seconds between two fetches because of an unknown key, a day at most; the first is
   * immediate.
   *
   * @defaultValue `30`
   */
  refreshInterval?: number | undefined
  /**
   * Seconds for which old keys go on serving while the issuer cannot be reached; 31 days at most.
   *
   * @defaultValue `3600`
   */
  lastKnownGoodLifetime?: number | undefined
  /**
   * The limit, in seconds of real time, on one whole refresh: metadata, its fallback and the keys; 300 at most.
   *
   * @defaultValue `5`
   */
  backchannelTimeout?: number | undefined
  /**
   * Fetches metadata and keys; for proxies, agents and tests.
   *
   * @defaultValue The global `fetch`.
   */
  fetch?: typeof globalThis.fetch | undefined
  /**
   * Whether, and how, tokens that passed every check are remembered, so that the next request with one
   * costs no signature check. Lifetime, replay, events and the functions given here run every time, and a
   * token is forgotten with its key.
   *
   * @defaultValue `{ maxEntries: 1000, maxAge: 300 }`
   */
  tokenCache?: TokenCacheOptions | false | undefined
  /**
   * How many characters a token may have; a longer one is refused before any decoding.
   *
   * @defaultValue `16384`
   */
  maxTokenLength?: number | undefined
  /**
   * Gives the time in milliseconds since the epoch.
   *
   * @defaultValue `Date.now`
   */
  clock?: (() => number) | undefined
  /**
   * How callers prove that a bound token is theirs: what `dpop()` of `express-jwt-bearer/dpop` or
   * `clientCertificate()` of `express-jwt-bearer/mtls` make, or one of each.
   *
   * @defaultValue None: a bound token is refused.
   */
  proofOfPossession?: ProofOfPossession | readonly ProofOfPossession[] | undefined
  /**
   * How tokens are judged that are no JWTs: what `introspection()` of `express-jwt-bearer/introspection` makes.
   * Whether a token is one is told by its form alone; a JWT that fails is never tried this way.
   *
   * @defaultValue None: a token that is no JWT is malformed.
   */
  introspection?: TokenIntrospection | undefined
}
