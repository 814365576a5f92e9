import { ClaimInvalidError, TokenMalformedError } from '../errors.js'
import {
  AuthenticationFailedContext,
  MessageReceivedContext,
  TokenValidatedContext,
  type EventOutcome,
  type Exchange,
} from '../events.js'
import { andThen, attempt, type MaybePromise } from '../maybe-promise.js'
import { principalOf, type ClaimsPrincipal, type PrincipalSettings } from '../principal.js'
import { toDate } from '../validation/claims.js'
import { parseToken } from '../validation/parse-token.js'
import { validateToken, type ValidatedToken } from '../validation/validate-token.js'
import type { AuthenticationScheme } from './scheme.js'
import { readToken, type AuthenticationRequest } from './read-token.js'
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
  { events }: AuthenticationScheme,
  exchange: Exchange,
): MaybePromise<string | EventOutcome | undefined> {
  const header = readToken(exchange.req as AuthenticationRequest)
  const sent = typeof header === 'string' ? header : undefined
  if (events.onMessageReceived === undefined) return tokenOf(sent, header)
  const context = new MessageReceivedContext(exchange, sent)
  return andThen(
    events.onMessageReceived(context),
    () => context.outcome ?? tokenOf(context.token, header),
  )
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
  const token = parseToken(raw, scheme.maxTokenLength)
  return andThen(scheme.rulesFor(token, exchange.req as AuthenticationRequest), (rules) =>
    andThen(validateToken(token, rules.validation), (validated) =>
      accept(scheme, exchange, validated, rules.principal),
    ),
  )
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
  const context = new TokenValidatedContext(exchange, principal, validated.token, properties)
  return andThen(onTokenValidated(context), () => {
    const { outcome } = context
    if (outcome === undefined) return success(scheme, context.principal, validated, properties)
    if (outcome.kind !== 'success') return conclude(scheme, outcome)
    return success(scheme, outcome.principal, validated, properties)
  })
}

function principalFrom(
  { token, claims }: ValidatedToken,
  settings: PrincipalSettings,
): ClaimsPrincipal {
  // A schema may drop what it does not know; roles and scopes still come from the token.
  const all = claims === token.payload ? claims : { ...token.payload, ...claims }
  try {
    return principalOf(claims, all, settings)
  } catch (cause) {
    throw new ClaimInvalidError({ cause })
  }
}

function success(
  scheme: AuthenticationScheme,
  principal: ClaimsPrincipal,
  { token }: ValidatedToken,
  properties: Record<string, unknown>,
): AuthenticateResult {
  const { exp, iat } = token.payload
  return new Success({
    principal,
    token: scheme.saveToken ? token.raw : undefined,
    header: token.header,
    expiresAt: exp === undefined ? undefined : toDate(exp),
    issuedAt: iat === undefined ? undefined : toDate(iat),
    properties,
    scheme: scheme.name,
  })
}

function conclude(scheme: AuthenticationScheme, outcome: EventOutcome): AuthenticateResult {
  switch (outcome.kind) {
    case 'none':
      return noAuthentication
    case 'failure':
      return new Failure(outcome.error)
    case 'success':
      return new Success({
        principal: outcome.principal,
        header: {},
        expiresAt: undefined,
        issuedAt: undefined,
        properties: {},
        scheme: scheme.name,
      })
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
          ? new Failure(toError(context.error))
          : conclude(scheme, context.outcome),
      ),
    (thrown) => new Failure(toError(thrown)),
  )
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error('Something that is no error was thrown', { cause: thrown })
}
