import { stateOf, type RequestState } from './authentication/request-state.js'
import { CallerError } from './errors.js'
import type { Request, Response } from './express.js'

let warned = false

/**
 * Warns once, in development, when a request whose token was refused is answered all the same and nobody
 * has looked at the result: the route was probably meant to have a guard.
 */
export function warnIfUnguarded(req: Request, res: Response, refusal: Error): void {
  if (warned || !isRefusal(refusal)) return
  if (typeof (res as Partial<Response> | undefined)?.once !== 'function') return
  res.once('finish', () => {
    if (warned || res.statusCode >= 400 || !isUnseen(stateOf(req))) return
    warned = true
    const [path] = (req.originalUrl ?? req.url).split('?')
    process.emitWarning(
      `${req.method} ${path} answered a request whose token was refused, and nothing looked at the result: put authorize() in front of what must not be public`,
      { code: 'EXPRESS_JWT_BEARER_UNGUARDED' },
    )
  })
}

// Where another scheme knows the caller, its token was not refused.
function isUnseen(state: RequestState | undefined): boolean {
  return state?.looked === false && state.results.every(({ result }) => result.kind !== 'success')
}

function isRefusal(error: Error): boolean {
  return error instanceof AggregateError
    ? error.errors.some((one) => one instanceof CallerError)
    : error instanceof CallerError
}
