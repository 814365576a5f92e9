import type { SchemeResult } from '../authentication/request-state.js'
import { publisher } from '../../internal/diagnostics.js'
import { ForbiddenContext, type AuthorizationFailure } from '../events.js'
import type { Request, Response } from '../express.js'
import { andThen, type MaybePromise } from '../../internal/maybe-promise.js'
import type { ClaimsPrincipal } from '../claims-principal.js'
import { answer, setStatus } from './http-error.js'
import { offeredSchemes, offeredTo } from './offered-schemes.js'
import { formatChallenge } from './www-authenticate.js'

const forbidden = publisher('express-jwt-bearer:forbidden')

/** Who falls short of what. */
export interface Shortfall {
  readonly principal: ClaimsPrincipal
  readonly authorizationFailure: AuthorizationFailure
  /** Scopes to ask for, where they are all that is missing. */
  readonly scopes: readonly string[]
}

/**
 * Refuses a known caller with 403, the scheme's event first.
 *
 * @returns The error to hand to Express, or nothing when the event answers the request itself.
 */
export function forbid(
  req: Request,
  res: Response,
  { scheme, credentials }: SchemeResult,
  { principal, authorizationFailure, scopes }: Shortfall,
): MaybePromise<Error | undefined> {
  const { name, options, events } = scheme
  forbidden(() => ({
    scheme: name,
    failedRequirements: authorizationFailure.failedRequirements.map((one) => one.name),
  }))
  const refused = () => {
    const challenges = scopeChallenge(scheme, scopes, credentials)
    return answer(res, { status: 403, code: 'ERR_FORBIDDEN', challenges })
  }
  // Set before the event runs, so that a body it writes goes out as a refusal.
  setStatus(res, 403)
  if (events.onForbidden === undefined) return refused()
  const exchange = { req, res, scheme: name, options }
  const context = new ForbiddenContext(exchange, principal, authorizationFailure)
  return andThen(events.onForbidden(context), () => (context.handled ? undefined : refused()))
}

// RFC 6750 section 3.1: insufficient_scope names the scopes that are needed.
function scopeChallenge(
  { realm, includeErrorDetails, resourceMetadata, options }: SchemeResult['scheme'],
  scopes: readonly string[],
  credentials: SchemeResult['credentials'],
): readonly string[] {
  if (scopes.length === 0) return []
  const error = includeErrorDetails ? 'insufficient_scope' : undefined
  const { word, algs } = offeredTo(offeredSchemes(options), credentials)
  return [formatChallenge({ realm, error, scope: scopes.join(' '), algs, resourceMetadata }, word)]
}
