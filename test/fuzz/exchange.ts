import { inspect } from 'node:util'
import { subscribe } from 'node:diagnostics_channel'
import type { Request, RequestHandler, Response } from 'express'
import type { DiagnosticChannel } from 'express-jwt-bearer'

/** What a chain of handlers answered to a request. */
export interface Answered {
  readonly status: number
  readonly challenges: readonly string[]
  /** Everything that came out: headers, the error with all it holds, messages on diagnostic channels. */
  readonly everything: string
}

const channels: readonly DiagnosticChannel[] = [
  'express-jwt-bearer:authenticated',
  'express-jwt-bearer:failed',
  'express-jwt-bearer:challenged',
  'express-jwt-bearer:forbidden',
  'express-jwt-bearer:metadata-refreshed',
  'express-jwt-bearer:metadata-refresh-failed',
  'express-jwt-bearer:metadata-stale',
  'express-jwt-bearer:proof-failed',
]

let published: unknown[] = []
for (const name of channels) subscribe(name, (message) => published.push(message))

/** Sends a request through handlers, without a socket, so that a second holds thousands. */
export async function exchange(
  handlers: readonly RequestHandler[],
  headers: Readonly<Record<string, unknown>>,
  rawHeaders?: readonly string[],
  target = '/',
): Promise<Answered> {
  published = []
  const set = new Map<string, unknown>()
  const req = { method: 'GET', url: target, originalUrl: target, headers, rawHeaders }
  const res = {
    statusCode: 200,
    headersSent: false,
    writableEnded: false,
    setHeader: (name: string, value: unknown) => set.set(name.toLowerCase(), value),
    getHeader: (name: string) => set.get(name.toLowerCase()),
  }
  const error = await through(handlers, req as unknown as Request, res as unknown as Response)
  const { status = 500 } = (error ?? { status: 200 }) as { status?: number }
  const challenge = set.get('www-authenticate')
  return {
    status,
    challenges: challenge === undefined ? [] : [challenge].flat().map(String),
    everything: inspect([[...set], error, published, JSON.stringify(error)], { depth: 8 }),
  }
}

async function through(
  [handler, ...others]: readonly RequestHandler[],
  req: Request,
  res: Response,
): Promise<unknown> {
  if (handler === undefined) return undefined
  const error = await new Promise<unknown>((resolve, reject) => {
    try {
      void handler(req, res, resolve)
    } catch (thrown) {
      reject(thrown instanceof Error ? thrown : new Error('a handler threw something'))
    }
  })
  return error ?? through(others, req, res)
}

// RFC 9110 section 11.6.1 with what RFC 6750 section 3 allows in values.
const parameter = '[a-z_]+="[\\x20\\x21\\x23-\\x5B\\x5D-\\x7E]*"'
const grammar = new RegExp(`^(?:Bearer|DPoP)(?: ${parameter}(?:, ${parameter})*)?$`)

/** Throws when an answer is none of the documented ones, has a broken challenge or says too much. */
export function checkAnswer(
  { status, challenges, everything }: Answered,
  documented: readonly number[],
  secrets: readonly string[],
): void {
  if (!documented.includes(status))
    throw new Error(`status ${status} is not documented:\n${everything}`)
  if (status === 401 && challenges.length === 0) throw new Error('a 401 without a challenge')
  for (const challenge of challenges) {
    if (!grammar.test(challenge)) throw new Error(`a challenge that does not parse: ${challenge}`)
  }
  for (const secret of secrets) {
    if (secret.length >= 12 && everything.includes(secret)) {
      throw new Error(`what must stay inside came out:\n${everything}`)
    }
  }
}
