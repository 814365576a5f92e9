import type { Response } from '../core/express.js'
import { exposeHeaders } from '../core/responses/expose-headers.js'
import { markPrivate } from './private-response.js'

/** Answers with a problem (RFC 9457): JSON, so that a script never gets a page instead of an answer. */
export function sendProblem(res: Response, status: number, title: string): void {
  markPrivate(res)
  // RFC 9110 section 15.5.2: no 401 without a challenge. A more telling one is there already.
  if (status === 401 && !res.hasHeader('WWW-Authenticate'))
    res.setHeader('WWW-Authenticate', 'Bearer')
  exposeHeaders(res)
  res.status(status).type('application/problem+json')
  res.send(JSON.stringify({ type: 'about:blank', title, status }))
}
