import createError from 'http-errors'
import type { AuthenticationScheme } from '../authentication/scheme.js'
import type { Response } from '../express.js'
import { formatChallenge } from './www-authenticate.js'

/** What an answer says besides its status. */
export interface Answer {
  readonly status: 400 | 401 | 403 | 500 | 503
  readonly code: string
  /** Instead of the status text; only for our own words about a wrong set-up. */
  readonly message?: string
  readonly cause?: Error | undefined
  readonly challenges?: readonly string[]
  readonly retryAfter?: number
}

/** Makes the error that an answer travels in: Express's own error handler and a user's both know what to do with it. */
export function httpError(answer: Answer): Error {
  const { stackTraceLimit } = Error
  // The stack would lead to this file and nowhere else, and Express's handler logs it for every refusal.
  Error.stackTraceLimit = 0
  const error = createError(
    answer.status,
    ...(answer.message === undefined ? [] : [answer.message]),
  )
  Error.stackTraceLimit = stackTraceLimit
  error.stack = `${error.name}: ${error.message}`
  return Object.assign(error, {
    code: answer.code,
    headers: headersOf(answer),
    ...(answer.cause === undefined ? {} : { cause: answer.cause }),
  })
}

/** Puts the headers of an answer on the response as well, for error handlers that forget those of the error. */
export function writeHeaders(res: Response, answer: Answer): void {
  for (const [name, value] of Object.entries(headersOf(answer))) res.setHeader(name, value)
}

function headersOf({ challenges = [], retryAfter }: Answer): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { 'Cache-Control': 'no-store' }
  const [first] = challenges
  if (first !== undefined)
    headers['WWW-Authenticate'] = challenges.length === 1 ? first : [...challenges]
  if (retryAfter !== undefined) headers['Retry-After'] = String(retryAfter)
  return headers
}

/** Makes the 401 for a handler that asked for a caller where there is none. */
export function authenticationRequired(scheme: AuthenticationScheme): Error {
  const challenges = [formatChallenge({ realm: scheme.realm })]
  return httpError({ status: 401, code: 'ERR_AUTHENTICATION_REQUIRED', challenges })
}

/**
 * Makes something thrown fit for Express's `next()`: an error, and one of ours to answer for. `next('route')`
 * would skip the guard, and an error that brings a 4xx status along would blame the caller.
 */
export function serverFault(res: Response, thrown: unknown): Error {
  if (!res.headersSent) {
    // Express's handler takes the status of the response for an error that brings none.
    res.statusCode = 500
    res.setHeader('Cache-Control', 'no-store')
  }
  if (!(thrown instanceof Error)) return createError(500, { cause: thrown })
  const { status, statusCode } = thrown as { status?: unknown; statusCode?: unknown }
  const blamesCaller = [status, statusCode].some((code) => typeof code === 'number' && code < 500)
  return blamesCaller ? createError(500, { cause: thrown }) : thrown
}
