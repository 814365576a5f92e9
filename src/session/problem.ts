import type { Response } from '../core/express.js'
import { markPrivate } from './private-response.js'

/** Answers with a problem (RFC 9457): JSON, so that a script never gets a page instead of an answer. */
export function sendProblem(res: Response, status: number, title: string): void {
  markPrivate(res)
  res.status(status).type('application/problem+json')
  res.send(JSON.stringify({ type: 'about:blank', title, status }))
}
