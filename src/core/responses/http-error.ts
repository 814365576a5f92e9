import createError from 'http-errors'
import type { AuthenticationScheme } from '../authentication/scheme.js'
import type { Response } from '../express.js'
import { isAnswered } from '../../internal/hand-over.js'
import { exposeHeaders } from './expose-headers.js'
import { offeredSchemes } from './offered-schemes.js'
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
  /** For the next proof. */
  readonly nonce?: string | undefined
}

/** The error that an answer travels in. */
export interface AnswerError extends Error {
  readonly code: string
  readonly headers: Readonly<Record<string, string | string[]>>
}

/** Makes the error that an answer travels in: Express's own error handler and a user's both know what to do with it. */
export function httpError(answer: Answer): AnswerError {
  const { stackTraceLimit } = Error
  // The stack would lead to this file and nowhere else, and Express's handler logs it for every refusal.
  Error.stackTraceLimit = 0
  const error = new kinds[answer.status](answer)
  Error.stackTraceLimit = stackTraceLimit
  return error
}

/**
 * Makes the error of an answer and puts its headers on the response as well, for error handlers that forget them.
 *
 * @returns Nothing where somebody has answered.
 */
export function answer(res: Response, what: Answer): Error | undefined {
  if (isAnswered(res)) return undefined
  const error = httpError(what)
  const { headers } = error
  whereTaken(res, () => {
    for (const name in headers) res.setHeader(name, headers[name] as string | string[])
    exposeHeaders(res)
  })
  return error
}

/** Sets the status that a body goes out with, whoever writes it. */
export function setStatus(res: Response, status: Answer['status']): void {
  whereTaken(res, () => {
    res.statusCode = status
  })
}

/** Writes where headers are still taken: what cannot be put on a response must not keep an error from `next()`. */
export function whereTaken(res: Response | null | undefined, write: (res: Response) => void): void {
  if (isAnswered(res) || !takesHeaders(res)) return
  try {
    write(res)
  } catch {
    return
  }
}

// Wrappers for sockets call middleware with something that only looks like a response, or with none.
function takesHeaders(res: Partial<Response> | null | undefined): res is Response {
  return typeof res?.setHeader === 'function' && typeof res.getHeader === 'function'
}

// http-errors gives each error its prototype after making it, which costs more than all the rest of a
// refusal. Here every status has a class with that prototype.
function kindOf(status: Answer['status']): new (answer: Answer) => AnswerError {
  const model = createError(status)
  class Kind extends Error {
    readonly code: string
    readonly headers: Readonly<Record<string, string | string[]>>

    constructor(answer: Answer) {
      super()
      this.message = answer.message ?? model.message
      this.stack = `${model.name}: ${this.message}`
      this.code = answer.code
      this.headers = headersOf(answer)
      if (answer.cause !== undefined) this.cause = answer.cause
    }
  }
  Object.defineProperty(Kind.prototype, 'name', { value: model.name })
  Object.setPrototypeOf(Kind.prototype, Object.getPrototypeOf(model) as object)
  Object.defineProperty(Kind.prototype, 'constructor', { value: model.constructor })
  return Kind
}

const kinds = {
  400: kindOf(400),
  401: kindOf(401),
  403: kindOf(403),
  500: kindOf(500),
  503: kindOf(503),
} as const

function headersOf({
  challenges = [],
  retryAfter,
  nonce,
}: Answer): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { 'Cache-Control': 'no-store' }
  const [first] = challenges
  if (first !== undefined)
    headers['WWW-Authenticate'] = challenges.length === 1 ? first : [...challenges]
  if (retryAfter !== undefined) headers['Retry-After'] = String(retryAfter)
  if (nonce !== undefined) headers['DPoP-Nonce'] = nonce
  return headers
}

/** Makes the 401 for a handler that asked for a caller where there is none. */
export function authenticationRequired(
  scheme: AuthenticationScheme,
  res: Response | undefined,
): Error {
  const { realm, resourceMetadata, options, freshNonce } = scheme
  const challenges = offeredSchemes(options).map(({ word, algs }) =>
    formatChallenge({ realm, algs, resourceMetadata }, word),
  )
  const nonce = freshNonce?.()
  const error = httpError({ status: 401, code: 'ERR_AUTHENTICATION_REQUIRED', challenges, nonce })
  // The handler may go on without a caller, so that nothing else is written yet.
  whereTaken(res, (found) => {
    exposeHeaders(found, Object.keys(error.headers))
  })
  return error
}

/**
 * Makes something thrown fit for Express's `next()`: an error, and one of ours to answer for. `next('route')`
 * would skip the guard, and an error that brings a 4xx status along would blame the caller.
 */
export function serverFault(res: Response, thrown: unknown): Error {
  whereTaken(res, () => {
    // Express's handler takes the status of the response for an error that brings none.
    res.statusCode = 500
    res.setHeader('Cache-Control', 'no-store')
  })
  if (!(thrown instanceof Error)) return createError(500, { cause: thrown })
  const { status, statusCode } = thrown as { status?: unknown; statusCode?: unknown }
  const blamesCaller = [status, statusCode].some((code) => typeof code === 'number' && code < 500)
  return blamesCaller ? createError(500, { cause: thrown }) : thrown
}
