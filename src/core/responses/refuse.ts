import type { SchemeResult } from '../authentication/request-state.js'
import { BearerRequestError, isAboutTheCaller, UnavailableError } from '../errors.js'
import type { Request, Response } from '../express.js'
import { isAnswered } from '../../internal/hand-over.js'
import { andThen, type MaybePromise } from '../../internal/maybe-promise.js'
import { challenge, codeOfRefusal, type ChallengeReason } from './challenge.js'
import { offerNonce } from './dpop-nonce.js'
import { httpError, serverFault, writeHeaders, type Answer } from './http-error.js'

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
  const failures = found.flatMap(({ result }) => (result.kind === 'failure' ? [result.error] : []))
  // What went wrong on our side is never dressed up as the caller's fault.
  const fault = failures.find((error) => !isAboutTheCaller(error))
  if (fault !== undefined) return serverFault(res, fault)
  const unavailable = failures.find((error) => error instanceof UnavailableError)
  if (unavailable !== undefined) return answer(res, unavailableAnswer(unavailable))
  // RFC 6750 section 3.1: a request that breaks the grammar is no question of scopes.
  const isMalformed = failures.some((error) => error instanceof BearerRequestError)
  const nonce = isMalformed ? undefined : offerNonce(res, found)
  return challengeAll(
    req,
    res,
    found,
    isMalformed ? { ...reason, scopesFor: noScopes } : reason,
    (challenges) => answer(res, { ...challengeAnswer(failures, challenges), nonce }),
  )
}

const noScopes = () => []

// One after the other; an event that answers the request ends it.
function challengeAll(
  req: Request,
  res: Response,
  [first, ...others]: readonly SchemeResult[],
  reason: ChallengeReason,
  done: (challenges: readonly string[]) => Error | undefined,
  challenges: readonly string[] = [],
): MaybePromise<Error | undefined> {
  if (first === undefined) return done(challenges)
  return andThen(challenge(req, res, first, reason), (lines) =>
    lines === undefined
      ? undefined
      : challengeAll(req, res, others, reason, done, [...challenges, ...lines]),
  )
}

function unavailableAnswer(cause: UnavailableError): Answer {
  return { status: 503, code: cause.code, cause, retryAfter: cause.retryAfter }
}

function challengeAnswer(failures: readonly Error[], challenges: readonly string[]): Answer {
  const malformed = failures.find((error) => error instanceof BearerRequestError)
  const cause = malformed ?? failures[0]
  return {
    status: malformed === undefined ? 401 : 400,
    code: codeOfRefusal(cause),
    cause,
    challenges,
  }
}

/** Makes the error of an answer and writes its headers; nothing where somebody has answered. */
export function answer(res: Response, what: Answer): Error | undefined {
  if (isAnswered(res)) return undefined
  const error = httpError(what)
  writeHeaders(res, error)
  return error
}
