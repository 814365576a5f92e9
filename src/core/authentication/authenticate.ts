import { CallerError } from '../errors.js'
import { ClaimInvalidError } from '../token-errors.js'
import { checkPrincipal, rejection, type EventOutcome } from '../event-context.js'
import { AuthenticationFailedContext, TokenValidatedContext } from '../events.js'
import { andThen, attempt, type MaybePromise } from '../../internal/maybe-promise.js'
import type { ClaimsPrincipal } from '../claims-principal.js'
import { principalOf, type PrincipalSettings } from '../principal.js'
import { parseToken, unverifiedIssuer } from '../validation/parse-token.js'
import { validateAgain, validateToken } from '../validation/validate-token.js'
import type { Walk } from '../walk.js'
import type { ValidatedToken } from '../validation/validated-token.js'
import type { AuthenticationScheme } from './scheme.js'
import type { AuthenticationRequest } from './read-token.js'
import { receiveToken } from './receive-token.js'
import type { TokenRules } from './token-rules.js'
import { Failure, noAuthentication, Success, type AuthenticateResult } from './result.js'

/**
 * Finds out who calls: reads the token, checks it, makes the principal, with an event before and after.
 * Never throws and never rejects; whatever goes wrong is a result.
 */
export function authenticate(
  scheme: AuthenticationScheme,
  walk: Walk,
): MaybePromise<AuthenticateResult> {
  return attempt(
    () =>
      andThen(receiveToken(scheme, walk), (received) => {
        if (received === undefined) return noAuthentication
        if (typeof received !== 'string') return conclude(scheme, received)
        return check(scheme, walk, received)
      }),
    (error) => fail(scheme, walk, toError(error)),
  )
}

function check(
  scheme: AuthenticationScheme,
  walk: Walk,
  raw: string,
): MaybePromise<AuthenticateResult> {
  const known = scheme.cache.get(raw)
  if (known === undefined) return checkAnew(scheme, walk, raw)
  return andThen(
    rulesFor(scheme, walk, () => known.payload.iss),
    (rules) =>
      andThen(validateAgain(known, rules.validation, walk), (good) => {
        if (good) return accept(scheme, walk, known, rules.principal)
        scheme.cache.delete(raw)
        return checkAnew(scheme, walk, raw)
      }),
  )
}

function checkAnew(
  scheme: AuthenticationScheme,
  walk: Walk,
  raw: string,
): MaybePromise<AuthenticateResult> {
  const { opaque } = scheme
  if (opaque?.takes(raw) === true) {
    return andThen(opaque.validate(raw, walk), (validated) =>
      accept(scheme, walk, validated, opaque.principal),
    )
  }
  const token = parseToken(raw, scheme.maxTokenLength)
  return andThen(
    rulesFor(scheme, walk, () => unverifiedIssuer(token)),
    (rules) =>
      andThen(validateToken(token, rules.validation, walk), (validated) => {
        if (validated.isShareable) scheme.cache.add(validated)
        return accept(scheme, walk, validated, rules.principal)
      }),
  )
}

function rulesFor(
  scheme: AuthenticationScheme,
  { req }: Walk,
  issuer: () => string | undefined,
): MaybePromise<TokenRules> {
  return scheme.rulesFor(issuer, req as AuthenticationRequest)
}

function accept(
  scheme: AuthenticationScheme,
  walk: Walk,
  validated: ValidatedToken,
  settings: PrincipalSettings,
): MaybePromise<AuthenticateResult> {
  const principal = principalFrom(validated, settings)
  const properties = {}
  const { onTokenValidated } = scheme.events
  if (onTokenValidated === undefined) return success(scheme, walk, principal, validated, properties)
  const context = new TokenValidatedContext(walk, principal, validated.securityToken, properties)
  return andThen(onTokenValidated(context), () => {
    const { outcome } = context
    if (outcome === undefined) {
      return success(scheme, walk, checkPrincipal(context.principal), validated, properties)
    }
    if (outcome.kind !== 'success') return conclude(scheme, outcome)
    return success(scheme, walk, outcome.principal, validated, properties)
  })
}

function principalFrom(token: ValidatedToken, settings: PrincipalSettings): ClaimsPrincipal {
  try {
    return principalOf(token.claims, token.allClaims, settings, token.payload, token)
  } catch (cause) {
    throw new ClaimInvalidError({ cause })
  }
}

function success(
  scheme: AuthenticationScheme,
  { confirmations }: Walk,
  principal: ClaimsPrincipal,
  token: ValidatedToken,
  properties: Record<string, unknown>,
): AuthenticateResult {
  return new Success(scheme.name, principal, properties, token, scheme.saveToken, confirmations)
}

function conclude(scheme: AuthenticationScheme, outcome: EventOutcome): AuthenticateResult {
  switch (outcome.kind) {
    case 'none':
      return noAuthentication
    case 'failure':
      return new Failure(outcome.error)
    case 'success':
      return new Success(scheme.name, outcome.principal, {})
  }
}

function fail(
  scheme: AuthenticationScheme,
  walk: Walk,
  error: Error,
): MaybePromise<AuthenticateResult> {
  const { onAuthenticationFailed } = scheme.events
  if (onAuthenticationFailed === undefined) return new Failure(error)
  const context = new AuthenticationFailedContext(walk, error)
  return attempt(
    () =>
      andThen(onAuthenticationFailed(context), () =>
        context.outcome === undefined
          ? new Failure(replacement(error, context.error))
          : conclude(scheme, context.outcome),
      ),
    (thrown) => new Failure(toError(thrown)),
  )
}

// Another error in place of the caller's fault still refuses the caller; it does not become a fault of ours.
function replacement(error: Error, replaced: Error): Error {
  const refused = error instanceof CallerError
  return refused && !(replaced instanceof AggregateError) ? rejection(replaced) : toError(replaced)
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error('Something that is no error was thrown', { cause: thrown })
}
