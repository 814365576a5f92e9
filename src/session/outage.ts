import { stateOf } from '../core/authentication/request-state.js'
import { BearerRequestError, UnavailableError } from '../core/errors.js'
import type { Request } from '../core/express.js'
import { TokenError } from '../core/token-errors.js'
import { sessionOf } from './request-session.js'
import { unavailable } from './unavailable.js'

/**
 * Tells why nobody can say who sends a request: the session could not be read, or its token not be
 * judged. Nothing when somebody is signed in, or certainly nobody is.
 *
 * @throws `ConfigurationError` when `session.middleware` did not run before.
 */
export function outageOf(req: Request): Error | undefined {
  const { failure } = sessionOf(req)
  if (failure !== undefined || req.user !== undefined) return failure
  for (const { result } of stateOf(req)?.results ?? []) {
    if (result.kind !== 'failure' || isAboutTheCaller(result.error)) continue
    if (result.error instanceof UnavailableError) return result.error
    return unavailable('The signed-in user cannot be judged now', result.error)
  }
  return undefined
}

// As guards tell them apart: any other fault is ours or the app's, and says nothing about the user.
function isAboutTheCaller(error: Error): boolean {
  const all: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
  return all.every((one) => one instanceof TokenError || one instanceof BearerRequestError)
}
