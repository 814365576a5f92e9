import type { SchemeResult } from '../authentication/request-state.js'
import { BearerRequestError, isAboutTheCaller, UnavailableError } from '../errors.js'
import type { Request, Response } from '../express.js'
import { andThen, type MaybePromise } from '../../internal/maybe-promise.js'
import { challenge, codeOfRefusal, type ChallengeReason } from './challenge.js'
import { offerNonce } from './dpop-nonce.js'
import { answer, serverFault, type Answer } from './http-error.js'

/**
 * Refuses a request whose caller nobody vouches for.
 *
 * @returns The error to hand to Express, or nothing when an event answers the request itself.
 */
export function refuse(
  req: Request,
  res: Response,
  found: readonly SchemeResult[],
  reason: ChallengeReason,
): MaybePromise<Error | undefined> {
  let cause: Error | undefined
  let unavailable: UnavailableError | undefined
  let malformed: BearerRequestError | undefined
  for (const { result } of found) {
    if (result.kind !== 'failure') continue
    const { error } = result
    // What went wrong on our side is never dressed up as the caller's fault.
    if (!isAboutTheCaller(error)) return serverFault(res, error)
    cause ??= error
    if (error instanceof UnavailableError) unavailable ??= error
    if (error instanceof BearerRequestError) malformed ??= error
  }
  if (unavailable !== undefined) return answer(res, unavailableAnswer(unavailable))
  if (malformed !== undefined) {
    // RFC 6750 section 3.1: a request that breaks the grammar is no question of scopes.
    const { code } = malformed
    return andThen(
      challengeAll(req, res, found, { ...reason, scopesFor: noScopes }),
      (challenges) =>
        challenges && answer(res, { status: 400, code, cause: malformed, challenges }),
    )
  }
  const nonce = offerNonce(res, found)
  return andThen(
    challengeAll(req, res, found, reason),
    (challenges) =>
      challenges &&
      answer(res, { status: 401, code: codeOfRefusal(cause), cause, challenges, nonce }),
  )
}

const noScopes = () => []

// One after the other; an event that answers the request ends it.
function challengeAll(
  req: Request,
  res: Response,
  found: readonly SchemeResult[],
  reason: ChallengeReason,
  from = 0,
): MaybePromise<readonly string[] | undefined> {
  const lines = challenge(req, res, found[from] as SchemeResult, reason)
  if (from + 1 === found.length) return lines
  return andThen(
    lines,
    (own) =>
      own &&
      andThen(
        challengeAll(req, res, found, reason, from + 1),
        (others) => others && [...own, ...others],
      ),
  )
}

function unavailableAnswer(cause: UnavailableError): Answer {
  return { status: 503, code: cause.code, cause, retryAfter: cause.retryAfter }
}
