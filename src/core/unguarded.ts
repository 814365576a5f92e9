import { stateOf } from './authentication/request-state.js'
import { CallerError } from './errors.js'
import type { Request, Response } from './express.js'

let warned = false

/**
 * Warns once, in development, when a request whose token was refused is answered all the same and nobody
 * has looked at the result: the route was probably meant to have a guard.
 */
export function warnIfUnguarded(req: Request, res: Response, refusal: Error): void {
  if (warned || !isRefusal(refusal) || process.env['NODE_ENV'] === 'production') return
  if (typeof (res as Partial<Response>).once !== 'function') return
  res.once('finish', () => {
    if (warned || res.statusCode >= 400 || stateOf(req)?.looked !== false) return
    warned = true
    const [path] = (req.originalUrl ?? req.url).split('?')
    process.emitWarning(
      `${req.method} ${path} answered a request whose token was refused, and nothing looked at the result: put authorize() in front of what must not be public`,
      { code: 'EXPRESS_JWT_BEARER_UNGUARDED' },
    )
  })
}

function isRefusal(error: Error): boolean {
  return error instanceof AggregateError
    ? error.errors.some((one) => one instanceof CallerError)
    : error instanceof CallerError
}
