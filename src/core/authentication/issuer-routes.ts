import { ConfigurationError, MetadataUnavailableError } from '../errors.js'
import { IssuerInvalidError } from '../token-errors.js'
import {
  createConfigurationManager,
  type ConfigurationManager,
} from '../keys/configuration-manager.js'
import { contentOf } from '../keys/key-resolver.js'
import { withoutSlash } from '../../internal/without-slash.js'
import type { SigningKey } from '../keys/signing-key.js'
import { LruMap } from '../../internal/lru-map.js'
import { andThen, attempt, type MaybePromise } from '../../internal/maybe-promise.js'
import { checkNames, show } from '../option-checks.js'
import { issuerOptionNames } from './option-names.js'
import { checkParameterNames, nameHints } from './name-hints.js'
import type { IssuerOptions, IssuerResolver } from './options.js'
import type { AuthenticationRequest } from './read-token.js'
import { resolveRules, type CommonSettings, type TokenRules } from './token-rules.js'

/** Finds the rules for a token by its issuer, which nobody has verified yet. */
export type IssuerRoute = (iss: string, request: AuthenticationRequest) => MaybePromise<TokenRules>

/** Tenants whose rules and keys are kept; the least recently seen make room. */
const maxIssuers = 10_000

/**
 * Routes tokens by a list of issuers.
 *
 * @throws {@link ConfigurationError} when two of them claim the same `iss`, or one does not say which is its.
 */
export function routeByList(
  issuers: readonly IssuerOptions<never>[],
  common: CommonSettings,
): { route: IssuerRoute; rules: readonly TokenRules[] } {
  if (issuers.length === 0) throw new ConfigurationError('"issuers" must not be empty')
  const routes = new Map<string, TokenRules>()
  const rules = issuers.map((options, index) => {
    const name = `issuers[${index}]`
    checkIssuerOptions(options, `"${name}"`)
    const own = resolveRules(options, common)
    for (const iss of namesOf(options, name)) {
      if (routes.has(iss)) {
        throw new ConfigurationError(
          `"${name}" claims the issuer ${show(iss)} that another one claims already`,
        )
      }
      routes.set(iss, own)
    }
    return own
  })
  return {
    rules,
    route: (iss) => {
      const found = routes.get(iss)
      if (found === undefined) throw new IssuerInvalidError()
      return found
    },
  }
}

/** Routes tokens by a function of the user's, which is asked for every token. */
export function routeByResolver(
  resolve: IssuerResolver<never>,
  common: CommonSettings,
): IssuerRoute {
  const managers = new LruMap<string, ConfigurationManager>(maxIssuers)
  const known = new LruMap<string, { contents: readonly unknown[]; rules: TokenRules }>(maxIssuers)
  // An issuer keeps its keys, and the budget for fetching them, whatever else changes in its options.
  const sharing: CommonSettings = {
    ...common,
    managerFor: (settings, localKeys) => {
      const { source, backchannel } = settings
      const name = JSON.stringify([source, backchannel.requireHttps, localKeys.map(published)])
      const manager = managers.get(name) ?? createConfigurationManager(settings, localKeys)
      managers.set(name, manager)
      return manager
    },
  }
  return (iss, request) =>
    andThen(
      attempt(() => resolve(iss, request), unavailable),
      (options) => {
        if (options === undefined || options === null) throw new IssuerInvalidError()
        const contents = contentsOf(options)
        const earlier = known.get(iss)
        if (earlier !== undefined && isSameList(earlier.contents, contents)) return earlier.rules
        checkIssuerOptions(options, 'the options of "issuers"')
        const rules = resolveRules(options, sharing)
        known.set(iss, { contents, rules })
        return rules
      },
    )
}

// What options say now, as a list that stays when they are changed in place: keys that could be count by what
// they say. Functions, schemas and secrets, which look alike from outside, count by identity.
function contentsOf({
  tokenValidationParameters,
  ...others
}: IssuerOptions<never>): readonly unknown[] {
  return [others, tokenValidationParameters ?? {}].flatMap((part) =>
    Object.entries(part).flatMap(([name, value]: [string, unknown]) =>
      Array.isArray(value)
        ? [name, value.length, ...value.map(keyIn(name))]
        : [name, keyIn(name)(value)],
    ),
  )
}

function keyIn(name: string): (value: unknown) => unknown {
  return name.startsWith('issuerSigningKey') ? contentOf : (value) => value
}

function isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, index) => Object.is(item, other[index]))
}

// Keys beside an issuer's published ones are public keys; a shared secret was refused before.
function published({ key, kid, algorithms, certificate }: SigningKey): unknown {
  return [key.export({ format: 'jwk' }), kid, [...algorithms], certificate]
}

function unavailable(cause: unknown): never {
  throw new MetadataUnavailableError('The "issuers" function failed', { cause })
}

function checkIssuerOptions(options: IssuerOptions<never>, name: string): void {
  checkNames(options, issuerOptionNames, name, nameHints('issuer'))
  checkParameterNames(options.tokenValidationParameters)
}

// The `iss` values that lead to an issuer. An authority may or may not end in "/"; its document decides
// which spelling its tokens must have.
function namesOf(options: IssuerOptions<never>, name: string): ReadonlySet<string> {
  const { validIssuer, validIssuers = [] } = options.tokenValidationParameters ?? {}
  const named = [...(validIssuer === undefined ? [] : [validIssuer]), ...validIssuers]
  const authority = options.authority === undefined ? [] : [withoutSlash(options.authority)]
  const names = new Set([...named, ...authority, ...authority.map((base) => `${base}/`)])
  if (names.size > 0) return names
  throw new ConfigurationError(
    `"${name}" does not say which "iss" its tokens carry; set its "authority" or "tokenValidationParameters.validIssuer"`,
  )
}
