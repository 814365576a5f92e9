import { STATUS_CODES } from 'node:http'
import type { ErrorRequestHandler, RequestHandler, Response } from 'express'
import { z } from 'zod'

/** An answer that says what went wrong, in the form of RFC 9457. */
export class Problem extends Error {
  readonly status: number
  readonly members: Readonly<Record<string, unknown>>

  constructor(status: number, detail: string, members: Readonly<Record<string, unknown>> = {}) {
    super(detail)
    this.status = status
    this.members = { detail, ...members }
  }
}

/** Reads a body by its schema; what does not fit is answered with the names of the members at fault. */
export function readBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const { data, error } = schema.safeParse(body)
  if (error === undefined) return data
  const { formErrors, fieldErrors } = z.flattenError(error)
  const errors = { ...fieldErrors, ...(formErrors.length > 0 && { body: formErrors }) }
  throw new Problem(400, 'The request is not valid', { errors })
}

/** Checks a body by its schema before the next handler sees it, which then finds it trimmed. */
export function checkBody(schema: z.ZodType): RequestHandler {
  return (req, _res, next) => {
    req.body = readBody(schema, req.body)
    next()
  }
}

export const notFound: RequestHandler = (_req, res) => {
  sendProblem(res, 404)
}

export const onError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) {
    next(error)
    return
  }
  if (error instanceof Problem) {
    sendProblem(res, error.status, error.members)
    return
  }
  const { status = isOutage(error) ? 503 : 500, headers = {} } = error as {
    status?: number
    headers?: Readonly<Record<string, string | string[]>>
  }
  if (status >= 500) console.error(error instanceof Error ? error.message : 'Something was thrown')
  if (status === 503 && !('Retry-After' in headers)) res.setHeader('Retry-After', '1')
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
  sendProblem(res, status)
}

export function sendProblem(
  res: Response,
  status: number,
  members: Readonly<Record<string, unknown>> = {},
): void {
  const title = STATUS_CODES[status] ?? 'Error'
  res.status(status).type('application/problem+json')
  res.send(JSON.stringify({ type: 'about:blank', title, status, ...members }))
}

// Codes of sockets, of Node's resolver and of PostgreSQL while it is down, restarts or is full.
const outageCodes =
  /^(?:57P0\d|08\w{3}|53300|ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|NR_CLOSED)$/
// Errors of node-redis and ioredis that have no code.
const outageNames =
  /^(?:Client(?:Offline|Closed)|SocketClosedUnexpectedly|SocketTimeout|ConnectionTimeout|ReconnectStrategy|MaxRetriesPerRequest)Error$/
const outageTexts =
  /connection (?:is closed|terminated|timeout)|timeout exceeded when trying to connect|PGlite is closed|client (?:is|was) (?:closed|offline)|not queryable/i

// Whichever client says so, and however deep: pg wraps several refusals of one host into one error.
function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code, name, message, cause } = error as Error & { code?: unknown }
  return (
    (typeof code === 'string' && outageCodes.test(code)) ||
    outageNames.test(name) ||
    outageNames.test(error.constructor.name) ||
    outageTexts.test(message) ||
    isOutage(cause) ||
    (error instanceof AggregateError && error.errors.some(isOutage))
  )
}
