import type { SchemeResult } from '../authentication/request-state.js'
import { publisher } from '../../internal/diagnostics.js'
import { AuthError, BearerRequestError } from '../errors.js'
import { ChallengeContext, type AuthorizationFailure } from '../events.js'
import type { Request, Response } from '../express.js'
import { andThen, type MaybePromise } from '../../internal/maybe-promise.js'
import { formatChallenge } from './www-authenticate.js'

// The faults that a caller is told about; everything else is error="invalid_token" and no more.
const described: ReadonlySet<string> = new Set([
  'ERR_TOKEN_AUDIENCE_INVALID',
  'ERR_TOKEN_ISSUER_INVALID',
  'ERR_TOKEN_LIFETIME_MISSING',
  'ERR_TOKEN_LIFETIME_INVALID',
  'ERR_TOKEN_NOT_YET_VALID',
  'ERR_TOKEN_EXPIRED',
  'ERR_TOKEN_KEY_NOT_FOUND',
  'ERR_TOKEN_SIGNATURE_INVALID',
])

/** What a challenge answers to. */
export interface ChallengeReason {
  /** Scopes that the route asks for. */
  readonly scopes: readonly string[]
  readonly authorizationFailure: AuthorizationFailure
}

/**
 * Asks one scheme for its challenge, its event first.
 *
 * @returns The value of its `WWW-Authenticate` line, or nothing when the event answers the request itself.
 */
export function challenge(
  req: Request,
  res: Response,
  { scheme, result }: SchemeResult,
  reason: ChallengeReason,
): MaybePromise<string | undefined> {
  const failure = result.kind === 'failure' ? result.error : undefined
  challenged(() => ({ scheme: scheme.name, code: codeOfChallenge(failure) }))
  const details = scheme.includeErrorDetails && failure !== undefined
  const parameters = {
    error: details ? errorCode(failure) : undefined,
    errorDescription: details ? describe(failure) : undefined,
    // RFC 6750 section 3: tells a client which token to get. With a bad token it would only distract.
    scope: failure === undefined && reason.scopes.length > 0 ? reason.scopes.join(' ') : undefined,
  }
  const { realm, options, events } = scheme
  if (events.onChallenge === undefined) return formatChallenge({ realm, ...parameters })
  const context = new ChallengeContext(
    { req, res, scheme: scheme.name, options },
    failure,
    parameters,
    reason.authorizationFailure,
  )
  return andThen(events.onChallenge(context), () => {
    if (context.handled || isAnswered(res)) return undefined
    const { error, errorDescription, errorUri, scope } = context
    return formatChallenge({ realm, error, errorDescription, errorUri, scope })
  })
}

/** Tells whether somebody has answered the request already. */
export function isAnswered(res: Response): boolean {
  return res.headersSent
}

const challenged = publisher('express-jwt-bearer:challenged')

/** Gives the `code` that a challenge goes by. */
export function codeOfChallenge(failure: Error | undefined): string {
  return failure instanceof AuthError ? failure.code : 'ERR_AUTHENTICATION_REQUIRED'
}

function errorCode(failure: Error): string {
  return failure instanceof BearerRequestError ? 'invalid_request' : 'invalid_token'
}

function describe(failure: Error): string {
  if (!(failure instanceof AggregateError)) return descriptionOf(failure)
  return failure.errors
    .map(descriptionOf)
    .filter((text) => text !== '')
    .join('; ')
}

function descriptionOf(error: unknown): string {
  return error instanceof AuthError && described.has(error.code) ? error.message : ''
}
