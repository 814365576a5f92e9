import type { Request, RequestHandler } from 'express'
import { ipKeyGenerator, rateLimit } from 'express-rate-limit'
import { sendProblem } from './problems.js'

const pass: RequestHandler = (_req, _res, next) => {
  next()
}

const caller = (req: Request) => ipKeyGenerator(req.ip ?? 'unknown')

// What the database compares, whole. Only a body that has been checked gets here.
const callerAndAccount = (req: Request) =>
  `${caller(req)} ${(req.body as { email: string }).email.toLowerCase()}`

function limit(minutes: number, count: number, keyGenerator: (req: Request) => string) {
  return rateLimit({
    windowMs: minutes * 60_000,
    limit: count,
    keyGenerator,
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    handler: (_req, res) => {
      sendProblem(res, 429, { detail: 'Too many attempts; try again later' })
    },
  })
}

/**
 * Limits on guessing. Every attempt counts, whatever comes of it. They count in this process and by `req.ip`:
 * set Express's `trust proxy` behind a proxy.
 */
export function createRateLimits(on: boolean): RateLimits {
  if (!on) return { caller: pass, account: pass, register: pass, refresh: pass }
  return {
    caller: limit(60, 100, caller),
    account: limit(15, 10, callerAndAccount),
    register: limit(60, 30, caller),
    // Nobody guesses 256 bits: this is about load, and many devices may share an address.
    refresh: limit(1, 1000, caller),
  }
}

export interface RateLimits {
  /** Sign-ins of one caller. */
  readonly caller: RequestHandler
  /** Sign-ins of one caller to one account; goes behind the check of the body. */
  readonly account: RequestHandler
  readonly register: RequestHandler
  readonly refresh: RequestHandler
}
