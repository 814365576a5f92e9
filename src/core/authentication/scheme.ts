import { ConfigurationError } from '../errors.js'
import { IssuerInvalidError } from '../token-errors.js'
import type { JwtBearerEvents } from '../events.js'
import type { MaybePromise } from '../../internal/maybe-promise.js'
import {
  checkNames,
  readClock,
  readCount,
  readFlag,
  readFunction,
  readSeconds,
  readText,
  show,
} from '../option-checks.js'
import { createTokenCache, type TokenCache } from '../validation/token-cache.js'
import { checkParameterNames, nameHints } from './name-hints.js'
import { routeByList, routeByResolver, type IssuerRoute } from './issuer-routes.js'
import { eventNames, issuerOptionNames, optionNames } from './option-names.js'
import { readIntrospection, type OpaqueTokens } from './opaque-tokens.js'
import type { JwtBearerOptions } from './options.js'
import { resolveProofs } from './proof-settings.js'
import type { AuthenticationRequest, CredentialsGrammar } from './read-token.js'
import { readResourceMetadata } from './resource-metadata.js'
import { resolveRules, type CommonSettings, type TokenRules } from './token-rules.js'

const day = 86_400

/** One configuration, complete, checked and ready for requests. */
export interface AuthenticationScheme {
  readonly name: string
  /** The options as given, for events to look at. */
  readonly options: JwtBearerOptions<never>
  /** Finds the rules for a token. */
  readonly rulesFor: (
    issuer: () => string | undefined,
    request: AuthenticationRequest,
  ) => MaybePromise<TokenRules>
  /** The way of tokens that their issuer is asked about, where there is one. */
  readonly opaque: OpaqueTokens | undefined
  /** Fetches what is published by the issuers that are known beforehand. */
  readonly ready: () => Promise<void>
  readonly events: JwtBearerEvents
  readonly saveToken: boolean
  readonly includeErrorDetails: boolean
  readonly realm: string | undefined
  /** Where the metadata of the protected resource is (RFC 9728). */
  readonly resourceMetadata: string | undefined
  readonly maxTokenLength: number
  readonly cache: TokenCache
  /** The credentials that are read, in the order in which they are challenged. */
  readonly grammars: readonly CredentialsGrammar[]
  /** Makes a nonce for callers; only where proofs need one. */
  readonly freshNonce: (() => string) | undefined
}

/**
 * Checks the options and does all the work that does not need a request.
 *
 * @throws {@link ConfigurationError} when they could not work or would not be safe.
 */
export function resolveScheme(options: JwtBearerOptions<never>): AuthenticationScheme {
  checkNames(options, optionNames, 'the options of jwtBearer()', nameHints('options'))
  const { events = {} } = options
  checkParameterNames(options.tokenValidationParameters)
  const name = readText(options.scheme, 'scheme') ?? 'Bearer'
  const { proofs, grammars, freshNonce } = resolveProofs(options.proofOfPossession)
  const maxTokenLength = readCount(options.maxTokenLength, 'maxTokenLength', 16384)
  const introspection = readIntrospection(options.introspection)
  const common = { ...readCommon(options, name), proofs, maxTokenLength, introspection }
  const { clock } = common
  return Object.freeze({
    name,
    options,
    ...resolveRouting(options, common),
    events: resolveEvents(events),
    saveToken: readFlag(options.saveToken, 'saveToken', true),
    includeErrorDetails: readFlag(options.includeErrorDetails, 'includeErrorDetails', true),
    realm: readText(options.realm, 'realm'),
    resourceMetadata: readResourceMetadata(options.resourceMetadata),
    maxTokenLength,
    cache: resolveCache(options.tokenCache, common.clock),
    grammars,
    freshNonce: freshNonce && (() => freshNonce(clock)),
  })
}

function readCommon(
  options: JwtBearerOptions<never>,
  scheme: string,
): Omit<CommonSettings, 'proofs' | 'maxTokenLength' | 'introspection'> {
  const seconds = (
    name:
      | 'automaticRefreshInterval'
      | 'refreshInterval'
      | 'lastKnownGoodLifetime'
      | 'backchannelTimeout',
    fallback: number,
    most: number,
  ) => readSeconds(options[name], name, fallback, most)
  return {
    scheme,
    refreshOnIssuerKeyNotFound: readFlag(
      options.refreshOnIssuerKeyNotFound,
      'refreshOnIssuerKeyNotFound',
      true,
    ),
    automaticRefreshInterval: seconds('automaticRefreshInterval', 43200, 31 * day),
    refreshInterval: seconds('refreshInterval', 30, day),
    lastKnownGoodLifetime: seconds('lastKnownGoodLifetime', 3600, 31 * day),
    backchannelTimeout: seconds('backchannelTimeout', 5, 300),
    // Looked up at each call, so that a fetch that is replaced later is the one that is used.
    fetch: readFunction(options.fetch, 'fetch') ?? ((...request) => globalThis.fetch(...request)),
    clock: readClock(options.clock),
  }
}

function resolveRouting(
  options: JwtBearerOptions<never>,
  common: CommonSettings,
): Pick<AuthenticationScheme, 'rulesFor' | 'opaque' | 'ready'> {
  const { issuers } = options
  if (issuers === undefined) {
    const rules = resolveRules(options, common)
    return { rulesFor: () => rules, opaque: rules.opaque, ready: () => readyAll([rules]) }
  }
  if (common.introspection !== undefined) {
    throw new ConfigurationError(
      '"introspection" cannot stand beside "issuers", because an opaque token names no issuer; give it a jwtBearer() with a "scheme" of its own',
    )
  }
  const given: Partial<Record<string, unknown>> = { ...options }
  const misplaced = issuerOptionNames.find((name) => given[name] !== undefined)
  if (misplaced !== undefined) {
    throw new ConfigurationError(
      `"${misplaced}" belongs into each of "issuers", which takes its place`,
    )
  }
  if (typeof issuers === 'function') {
    const rulesFor = byIssuer(routeByResolver(issuers, common))
    return { rulesFor, opaque: undefined, ready: () => readyAll([]) }
  }
  if (!Array.isArray(issuers)) {
    throw new ConfigurationError(`"issuers" must be an array or a function, got ${show(issuers)}`)
  }
  const { route, rules } = routeByList(issuers, common)
  return { rulesFor: byIssuer(route), opaque: undefined, ready: () => readyAll(rules) }
}

function resolveCache(
  options: JwtBearerOptions['tokenCache'] = {},
  clock: () => number,
): TokenCache {
  if (options === false) return createTokenCache({ maxEntries: 0, maxAge: 0, clock })
  checkNames(options, ['maxEntries', 'maxAge'], '"tokenCache"')
  return createTokenCache({
    maxEntries: readCount(options.maxEntries, 'tokenCache.maxEntries', 1000),
    maxAge: readSeconds(options.maxAge, 'tokenCache.maxAge', 300, day),
    clock,
  })
}

function byIssuer(route: IssuerRoute): AuthenticationScheme['rulesFor'] {
  return (issuer, request) => {
    const iss = issuer()
    if (iss === undefined) throw new IssuerInvalidError()
    return route(iss, request)
  }
}

async function readyAll(rules: readonly TokenRules[]): Promise<void> {
  const ready = rules.flatMap(({ manager, opaque }) => [manager, opaque])
  await Promise.all(ready.map(async (one) => one?.ready()))
}

function resolveEvents(events: JwtBearerEvents): JwtBearerEvents {
  checkNames(events, eventNames, '"events"', nameHints('events'))
  const resolved: Record<string, unknown> = {}
  for (const name of eventNames) {
    const handler = readFunction(events[name], `events.${name}`)
    if (handler !== undefined) resolved[name] = handler.bind(events)
  }
  return resolved
}
