import { ConfigurationError } from '../core/errors.js'
import {
  checkNames,
  readCount,
  readFlag,
  readFunction,
  readSeconds,
  readText,
  show,
} from '../core/option-checks.js'
import {
  resolveAuthentication,
  type ClientAuthenticator,
  type Credentials,
} from './client-authentication.js'

/** How long answers are remembered; durations in seconds. */
export interface IntrospectionCacheOptions {
  /**
   * How many active tokens are remembered, and how many inactive ones; the least recently used make room.
   *
   * @defaultValue `1000`
   */
  maxEntries?: number | undefined
  /**
   * For how many seconds an active token is remembered, an hour at most; never beyond its `exp`.
   *
   * @remarks A token that is revoked works for that long. Where that is too long, ask every time.
   *
   * @defaultValue `60`
   */
  maxAge?: number | undefined
  /**
   * For how many seconds an inactive token is remembered, 300 at most.
   *
   * @defaultValue `5`
   */
  inactiveMaxAge?: number | undefined
}

/** What {@link introspection} accepts. `undefined` always means the default. */
export interface IntrospectionOptions {
  /**
   * Address of the endpoint.
   *
   * @defaultValue The `introspection_endpoint` of the scheme's metadata.
   */
  introspectionEndpoint?: string | undefined
  /** The name of this API at the issuer. */
  clientId: string | undefined
  /** The secret of this API at the issuer; not needed where `clientAuthentication` is a function. */
  clientSecret?: string | undefined
  /**
   * How this API shows who it is: its secret in the header or in the form (RFC 6749 section 2.3.1), or
   * a function for `private_key_jwt`, a client certificate or a bearer token.
   *
   * @defaultValue `'client_secret_basic'`
   */
  clientAuthentication?:
    'client_secret_basic' | 'client_secret_post' | ClientAuthenticator | undefined
  /**
   * Which tokens are asked about: those that are no JWT, or `'all'`. With `'all'` no JWT is checked here,
   * and no key is needed.
   *
   * @defaultValue `'opaque'`
   */
  tokens?: 'opaque' | 'all' | undefined
  /**
   * How answers are remembered; `false` asks every time.
   *
   * @defaultValue `{ maxEntries: 1000, maxAge: 60, inactiveMaxAge: 5 }`
   */
  cache?: IntrospectionCacheOptions | false | undefined
  /**
   * The limit, in seconds of real time, on one call, and on the wait for one; 300 at most.
   *
   * @defaultValue `5`
   */
  timeout?: number | undefined
  /**
   * How many characters a token may have; a longer one is refused without a call.
   *
   * @defaultValue That of the scheme.
   */
  maxTokenLength?: number | undefined
  /**
   * Gives the time in milliseconds since the epoch.
   *
   * @defaultValue That of the scheme.
   */
  clock?: (() => number) | undefined
  /**
   * Calls the endpoint; for proxies, agents and tests.
   *
   * @defaultValue That of the scheme.
   */
  fetch?: typeof globalThis.fetch | undefined
  /**
   * Whether the endpoint must be called over `https:`.
   *
   * @remarks On a plain `http:` connection anyone on the path can read tokens and this API's secret, and
   * call any token active. Turn this off only for an issuer on your own machine.
   *
   * @defaultValue That of the scheme.
   */
  requireHttpsMetadata?: boolean | undefined
}

/** How answers are remembered, complete; durations in seconds. */
export interface CacheSettings {
  readonly maxEntries: number
  readonly maxAge: number
  readonly inactiveMaxAge: number
}

/** {@link IntrospectionOptions}, checked; what is absent comes from the scheme. */
export interface IntrospectionSettings {
  readonly introspectionEndpoint: string | undefined
  readonly authenticate: ClientAuthenticator
  readonly tokens: 'opaque' | 'all'
  readonly cache: CacheSettings | undefined
  readonly timeout: number
  readonly maxTokenLength: number | undefined
  readonly clock: (() => number) | undefined
  readonly fetch: typeof globalThis.fetch | undefined
  readonly requireHttps: boolean | undefined
}

// Typed as maps over the interfaces, so that a new option cannot be forgotten here.
type Names<T> = { readonly [Name in keyof Required<T>]: true }

const optionNames: Names<IntrospectionOptions & Credentials> = {
  introspectionEndpoint: true,
  clientId: true,
  clientSecret: true,
  clientAuthentication: true,
  tokens: true,
  cache: true,
  timeout: true,
  maxTokenLength: true,
  clock: true,
  fetch: true,
  requireHttpsMetadata: true,
}

const cacheNames: Names<IntrospectionCacheOptions> = {
  maxEntries: true,
  maxAge: true,
  inactiveMaxAge: true,
}

/**
 * Reads the options of `introspection()`.
 *
 * @throws {@link ConfigurationError} when they could not work or would not be safe.
 */
export function resolveIntrospection(options: IntrospectionOptions): IntrospectionSettings {
  checkNames(options, Object.keys(optionNames), 'the options of introspection()')
  const { maxTokenLength, requireHttpsMetadata } = options
  return {
    introspectionEndpoint: readText(options.introspectionEndpoint, 'introspectionEndpoint'),
    authenticate: resolveAuthentication(options),
    tokens: readTokens(options.tokens),
    cache: resolveCache(options.cache),
    timeout: readSeconds(options.timeout, 'timeout', 5, 300),
    maxTokenLength:
      maxTokenLength === undefined ? undefined : readCount(maxTokenLength, 'maxTokenLength', 1),
    clock: readFunction(options.clock, 'clock'),
    fetch: readFunction(options.fetch, 'fetch'),
    requireHttps:
      requireHttpsMetadata === undefined
        ? undefined
        : readFlag(requireHttpsMetadata, 'requireHttpsMetadata', true),
  }
}

function readTokens(tokens: unknown = 'opaque'): 'opaque' | 'all' {
  if (tokens === 'opaque' || tokens === 'all') return tokens
  throw new ConfigurationError(`"tokens" must be "opaque" or "all", got ${show(tokens)}`)
}

function resolveCache(options: IntrospectionOptions['cache'] = {}): CacheSettings | undefined {
  if (options === false) return undefined
  checkNames(options, Object.keys(cacheNames), '"cache"')
  return {
    maxEntries: readCount(options.maxEntries, 'cache.maxEntries', 1000),
    maxAge: readSeconds(options.maxAge, 'cache.maxAge', 60, 3600),
    inactiveMaxAge: readSeconds(options.inactiveMaxAge, 'cache.inactiveMaxAge', 5, 300),
  }
}
