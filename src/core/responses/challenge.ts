import type { SchemeResult } from '../authentication/request-state.js'
import type { AuthenticationScheme } from '../authentication/scheme.js'
import { publisher } from '../../internal/diagnostics.js'
import { AuthError, BearerRequestError } from '../errors.js'
import { ChallengeContext, type AuthorizationFailure } from '../events.js'
import type { Request, Response } from '../express.js'
import { ConfirmationInvalidError, ProofError, ProofNonceRequiredError } from '../proof-errors.js'
import { isAnswered } from '../../internal/hand-over.js'
import { andThen, type MaybePromise } from '../../internal/maybe-promise.js'
import { challengeLines, type Said } from './challenge-lines.js'

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
  'ERR_TOKEN_CONFIRMATION_INVALID',
  'ERR_PROOF_INVALID',
  'ERR_PROOF_REPLAYED',
  'ERR_PROOF_NONCE_REQUIRED',
])

/** What a challenge answers to. */
export interface ChallengeReason {
  /** Scopes that the route asks for, as they are named to a scheme. */
  readonly scopesFor: (scheme: string) => readonly string[]
  readonly authorizationFailure: AuthorizationFailure
}

/**
 * Asks one scheme for its challenges, its event first.
 *
 * @returns The values of its `WWW-Authenticate` lines, or nothing when the event answers the request itself.
 */
export function challenge(
  req: Request,
  res: Response,
  { scheme, result, credentials }: SchemeResult,
  { scopesFor, authorizationFailure }: ChallengeReason,
): MaybePromise<readonly string[] | undefined> {
  const failure = result.kind === 'failure' ? result.error : undefined
  const details = scheme.includeErrorDetails && failure !== undefined
  // Said without details as well: no client could go on without it (RFC 9449 section 9).
  const isNamed = details || failure instanceof ProofNonceRequiredError
  const said: Said = {
    authenticateFailure: failure,
    error: isNamed ? errorCode(failure) : undefined,
    errorDescription: details ? describe(failure) : undefined,
    // RFC 6750 section 3: tells a client which token to get.
    scope: joined(scopesFor(scheme.name)),
    resourceMetadata: scheme.resourceMetadata,
    credentials,
  }
  return writeChallenge(req, res, scheme, said, authorizationFailure)
}

/** Runs the event of a challenge, if there is one, and writes what it leaves. */
export function writeChallenge(
  req: Request,
  res: Response,
  { name: scheme, options, events: { onChallenge } }: AuthenticationScheme,
  said: Said,
  authorizationFailure: AuthorizationFailure,
): MaybePromise<readonly string[] | undefined> {
  const { authenticateFailure, principal } = said
  challenged(() => ({ scheme, code: codeOfChallenge(said) }))
  if (onChallenge === undefined) return challengeLines(options, said)
  const context = new ChallengeContext(
    { req, res, scheme, options },
    authenticateFailure,
    said,
    authorizationFailure,
    principal,
  )
  return andThen(onChallenge(context), () =>
    context.handled || isAnswered(res) ? undefined : challengeLines(options, context),
  )
}

/** Joins values as challenges do; none are no parameter. */
export function joined(values: readonly string[]): string | undefined {
  return values.length > 0 ? values.join(' ') : undefined
}

const challenged = publisher('express-jwt-bearer:challenged')

function codeOfChallenge({ authenticateFailure, principal }: Said): string {
  return principal === undefined
    ? codeOfRefusal(authenticateFailure)
    : 'ERR_INSUFFICIENT_USER_AUTHENTICATION'
}

/** Gives the `code` that the refusal of a caller goes by. */
export function codeOfRefusal(failure: Error | undefined): string {
  return failure instanceof AuthError ? failure.code : 'ERR_AUTHENTICATION_REQUIRED'
}

function errorCode(failure: Error): string {
  if (failure instanceof BearerRequestError) return 'invalid_request'
  if (failure instanceof ProofNonceRequiredError) return 'use_dpop_nonce'
  return failure instanceof ProofError ? 'invalid_dpop_proof' : 'invalid_token'
}

function describe(failure: Error): string {
  if (!(failure instanceof AggregateError)) return descriptionOf(failure)
  return failure.errors
    .map(descriptionOf)
    .filter((text) => text !== '')
    .join('; ')
}

function descriptionOf(error: unknown): string {
  if (error instanceof ConfirmationInvalidError && error.reason === 'malformed') return ''
  return error instanceof AuthError && described.has(error.code) ? error.message : ''
}
