import { BearerRequestError } from '../errors.js'
import { ClaimInvalidError, TokenError, TokenMalformedError } from '../token-errors.js'
import {
  AuthenticationFailedContext,
  checkPrincipal,
  MessageReceivedContext,
  rejection,
  TokenValidatedContext,
  type EventOutcome,
  type Exchange,
} from '../events.js'
import { andThen, attempt, type MaybePromise } from '../../internal/maybe-promise.js'
import { principalOf, type ClaimsPrincipal, type PrincipalSettings } from '../principal.js'
import { parseToken, unverifiedIssuer } from '../validation/parse-token.js'
import { validateAgain, validateToken } from '../validation/validate-token.js'
import type { ValidatedToken } from '../validation/validated-token.js'
import type { AuthenticationScheme } from './scheme.js'
import { readToken, type AuthenticationRequest } from './read-token.js'
import { requestView } from './request-view.js'
import type { TokenRules } from './token-rules.js'
import { Failure, noAuthentication, Success, type AuthenticateResult } from './result.js'

/**
 * Finds out who calls: reads the token, checks it, makes the principal, with an event before and after.
 * Never throws and never rejects; whatever goes wrong is a result.
 */
export function authenticate(
  scheme: AuthenticationScheme,
  exchange: Exchange,
): MaybePromise<AuthenticateResult> {
  return attempt(
    () =>
      andThen(receive(scheme, exchange), (received) => {
        if (received === undefined) return noAuthentication
        if (typeof received !== 'string') return conclude(scheme, received)
        return check(scheme, exchange, received)
      }),
    (error) => fail(scheme, exchange, toError(error)),
  )
}

// The token to check, nothing, or what the event decided.
function receive(
  { events, cache }: AuthenticationScheme,
  exchange: Exchange,
): MaybePromise<string | EventOutcome | undefined> {
  const header = readToken(sourceOf(exchange), cache)
  const sent = typeof header === 'string' ? header : undefined
  if (events.onMessageReceived === undefined) return tokenOf(sent, header)
  const context = new MessageReceivedContext(exchange, sent)
  return andThen(
    events.onMessageReceived(context),
    () => context.outcome ?? tokenOf(context.token, header),
  )
}

// Express's requests are Node's; anything else is brought into their form.
function sourceOf({ req, res }: Exchange): AuthenticationRequest {
  return res === undefined ? requestView(req) : (req as AuthenticationRequest)
}

function tokenOf(token: unknown, header: string | Error | undefined): string | undefined {
  // Malformed credentials stay malformed, so that no second reader can take them for something else.
  if (header instanceof Error) throw header
  if (token === undefined || token === null || token === '') return header
  if (typeof token !== 'string') throw new TokenMalformedError()
  return token
}

function check(
  scheme: AuthenticationScheme,
  exchange: Exchange,
  raw: string,
): MaybePromise<AuthenticateResult> {
  const known = scheme.cache.get(raw)
  if (known === undefined) return checkAnew(scheme, exchange, raw)
  return andThen(
    rulesFor(scheme, exchange, () => known.payload.iss),
    (rules) =>
      andThen(validateAgain(known, rules.validation), (good) => {
        if (good) return accept(scheme, exchange, known, rules.principal)
        scheme.cache.delete(raw)
        return checkAnew(scheme, exchange, raw)
      }),
  )
}

function checkAnew(
  scheme: AuthenticationScheme,
  exchange: Exchange,
  raw: string,
): MaybePromise<AuthenticateResult> {
  const token = parseToken(raw, scheme.maxTokenLength)
  return andThen(
    rulesFor(scheme, exchange, () => unverifiedIssuer(token)),
    (rules) =>
      andThen(validateToken(token, rules.validation), (validated) => {
        if (validated.isShareable) scheme.cache.add(validated)
        return accept(scheme, exchange, validated, rules.principal)
      }),
  )
}

function rulesFor(
  scheme: AuthenticationScheme,
  { req }: Exchange,
  issuer: () => string | undefined,
): MaybePromise<TokenRules> {
  return scheme.rulesFor(issuer, req as AuthenticationRequest)
}

function accept(
  scheme: AuthenticationScheme,
  exchange: Exchange,
  validated: ValidatedToken,
  settings: PrincipalSettings,
): MaybePromise<AuthenticateResult> {
  const principal = principalFrom(validated, settings)
  const properties = {}
  const { onTokenValidated } = scheme.events
  if (onTokenValidated === undefined) return success(scheme, principal, validated, properties)
  const context = new TokenValidatedContext(
    exchange,
    principal,
    validated.securityToken,
    properties,
  )
  return andThen(onTokenValidated(context), () => {
    const { outcome } = context
    if (outcome === undefined) {
      return success(scheme, checkPrincipal(context.principal), validated, properties)
    }
    if (outcome.kind !== 'success') return conclude(scheme, outcome)
    return success(scheme, outcome.principal, validated, properties)
  })
}

function principalFrom(
  { claims, allClaims, payload }: ValidatedToken,
  settings: PrincipalSettings,
): ClaimsPrincipal {
  try {
    return principalOf(claims, allClaims, settings, payload)
  } catch (cause) {
    throw new ClaimInvalidError({ cause })
  }
}

function success(
  scheme: AuthenticationScheme,
  principal: ClaimsPrincipal,
  token: ValidatedToken,
  properties: Record<string, unknown>,
): AuthenticateResult {
  return new Success(scheme.name, principal, properties, token, scheme.saveToken)
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
  exchange: Exchange,
  error: Error,
): MaybePromise<AuthenticateResult> {
  const { onAuthenticationFailed } = scheme.events
  if (onAuthenticationFailed === undefined) return new Failure(error)
  const context = new AuthenticationFailedContext(exchange, error)
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
  const refused = error instanceof TokenError || error instanceof BearerRequestError
  return refused && !(replaced instanceof AggregateError) ? rejection(replaced) : toError(replaced)
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error('Something that is no error was thrown', { cause: thrown })
}
