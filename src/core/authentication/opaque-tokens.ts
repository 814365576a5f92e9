import { ConfigurationError } from '../errors.js'
import { fixedTrust } from '../keys/trust.js'
import { kindOf } from '../option-checks.js'
import type { PrincipalSettings } from '../principal.js'
import { TokenInactiveError, TokenMalformedError } from '../token-errors.js'
import type {
  IntrospectedToken,
  TokenIntrospection,
  TokenIntrospector,
} from '../token-introspection.js'
import { andThen, type MaybePromise } from '../../internal/maybe-promise.js'
import type { TokenValidationParameters } from '../validation/parameters.js'
import { checkInstants } from '../validation/parse-token.js'
import type { ClaimsChecks } from '../validation/settings.js'
import { hasJwtForm, isBearerToken } from '../validation/token-form.js'
import type { TrustSettings } from '../validation/trust-settings.js'
import { runChecks } from '../validation/validate-token.js'
import { ValidatedToken } from '../validation/validated-token.js'
import type { Walk } from '../walk.js'

/** The way of the tokens that their issuer is asked about. */
export interface OpaqueTokens {
  readonly principal: PrincipalSettings
  /** Tells by its form alone whether a token goes this way. */
  readonly takes: (raw: string) => boolean
  /** Checks a token; throws, or rejects with, the first fault. */
  readonly validate: (raw: string, walk: Walk) => MaybePromise<ValidatedToken>
  readonly ready: () => Promise<void>
}

/** Makes the way of opaque tokens out of who is asked about them and what their claims are checked for. */
export function opaqueTokens(
  tokens: TokenIntrospection['tokens'],
  introspector: TokenIntrospector,
  rules: { readonly checks: ClaimsChecks; readonly principal: PrincipalSettings },
): OpaqueTokens {
  const { checks, checksOfEveryUse } = rules.checks

  function validateFound(
    raw: string,
    found: IntrospectedToken,
    walk: Walk,
  ): MaybePromise<ValidatedToken> {
    checkInstants(found.payload)
    found.trust ??= { keys: [], issuer: found.issuer }
    const token = new ValidatedToken(
      raw,
      noHeader,
      found.payload,
      undefined,
      found.trust,
      rules.checks,
    )
    if (found.claims !== undefined) {
      // What a schema made of the claims is kept with the answer.
      token.claims = found.claims
      return andThen(runChecks(checksOfEveryUse, token, walk), () => token)
    }
    return andThen(runChecks(checks, token, walk), () => {
      if (token.isShareable) found.claims = token.claims
      return token
    })
  }

  return {
    principal: rules.principal,
    ready: introspector.ready,
    takes: tokens === 'all' ? () => true : (raw) => !hasJwtForm(raw),
    validate(raw, walk) {
      if (raw.length > introspector.maxTokenLength || !isBearerToken(raw)) {
        throw new TokenMalformedError()
      }
      return andThen(introspector.introspect(raw), (found) => {
        if (found === undefined) throw new TokenInactiveError()
        return validateFound(raw, found, walk)
      })
    },
  }
}

const noHeader = Object.freeze({})

/**
 * Reads the option `introspection`.
 *
 * @throws {@link ConfigurationError} when it is something else than `introspection()` makes.
 */
export function readIntrospection(
  option: TokenIntrospection | undefined,
): TokenIntrospection | undefined {
  if (
    option === undefined ||
    typeof (option as Partial<TokenIntrospection> | null)?.forScheme === 'function'
  ) {
    return option
  }
  throw new ConfigurationError(
    `"introspection" takes what introspection() of "express-jwt-bearer/introspection" returns, got ${kindOf(option)}`,
  )
}

/**
 * Trusts no key, where every token is introspected.
 *
 * @throws {@link ConfigurationError} when there is an option that is only about JWTs.
 */
export function noTrust(
  parameters: TokenValidationParameters<never>,
  jwksUri: string | undefined,
): TrustSettings {
  const { validAlgorithms, validTypes } = parameters
  const { issuerSigningKey, issuerSigningKeys, issuerSigningKeyResolver } = parameters
  const keys = { issuerSigningKey, issuerSigningKeys, issuerSigningKeyResolver }
  const useless = Object.entries({ validAlgorithms, validTypes, ...keys })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => `tokenValidationParameters.${name}`)
  const [name] = jwksUri === undefined ? useless : ['jwksUri']
  if (name !== undefined) {
    throw new ConfigurationError(
      `"${name}" is about JWTs that are checked here, and introspection() with "tokens": "all" checks none; leave out one of them`,
    )
  }
  return {
    trust: fixedTrust([]),
    algorithms: new Set(),
    tryAllIssuerSigningKeys: false,
    validateIssuerSigningKey: false,
  }
}
