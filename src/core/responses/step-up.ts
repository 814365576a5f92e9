import type { SchemeResult } from '../authentication/request-state.js'
import type { AuthorizationFailure } from '../events.js'
import type { Request, Response } from '../express.js'
import { andThen, type MaybePromise } from '../../internal/maybe-promise.js'
import type { ClaimsPrincipal } from '../claims-principal.js'
import { joined, writeChallenge } from './challenge.js'
import { offerNonce } from './dpop-nonce.js'
import { answer } from './http-error.js'

/** What a known caller has to do: sign in more strongly, or anew. */
export interface StepUp {
  readonly principal: ClaimsPrincipal
  readonly authorizationFailure: AuthorizationFailure
  readonly scopes: readonly string[]
  /** Values one of which is needed; none where the level is right. */
  readonly acrValues: readonly string[]
  /** Seconds; nothing where the sign-in is recent enough. */
  readonly maxAge: number | undefined
}

/**
 * Challenges a known caller whose sign-in is not strong or not recent enough (RFC 9470 section 3), the event
 * first.
 *
 * @returns The error to hand to Express, or nothing when the event answers the request itself.
 */
export function stepUp(
  req: Request,
  res: Response,
  found: SchemeResult,
  { principal, authorizationFailure, scopes, acrValues, maxAge }: StepUp,
): MaybePromise<Error | undefined> {
  const { scheme, credentials } = found
  const descriptions = [
    ...(acrValues.length > 0 ? ['A different authentication level is required'] : []),
    ...(maxAge === undefined ? [] : ['More recent authentication is required']),
  ]
  const said = {
    // Kept without details as well: no client could go on without it.
    error: 'insufficient_user_authentication',
    errorDescription: scheme.includeErrorDetails ? descriptions.join('; ') : undefined,
    scope: joined(scopes),
    acrValues: joined(acrValues),
    maxAge,
    resourceMetadata: scheme.resourceMetadata,
    principal,
    credentials,
  }
  const nonce = offerNonce(res, [found])
  return andThen(writeChallenge(req, res, scheme, said, authorizationFailure), (challenges) =>
    challenges === undefined
      ? undefined
      : answer(res, {
          status: 401,
          code: 'ERR_INSUFFICIENT_USER_AUTHENTICATION',
          challenges,
          nonce,
        }),
  )
}
