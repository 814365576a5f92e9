import type { Request, RequestHandler } from 'express'
import { ipKeyGenerator, rateLimit } from 'express-rate-limit'
import { sendProblem } from './problems.js'

const pass: RequestHandler = (_req, _res, next) => {
  next()
}

const caller = (req: Request) => ipKeyGenerator(req.ip ?? 'unknown')

function callerAndAccount(req: Request): string {
  const { email } = (req.body ?? {}) as { email?: unknown }
  return `${caller(req)} ${String(email).slice(0, 320).trim().toLowerCase()}`
}

function limit(minutes: number, count: number, keyGenerator: (req: Request) => string) {
  return rateLimit({
    windowMs: minutes * 60_000,
    limit: count,
    keyGenerator,
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    // Failures count, so that nobody is locked out by signing in often.
    skipSuccessfulRequests: true,
    handler: (_req, res) => {
      sendProblem(res, 429, { detail: 'Too many attempts; try again later' })
    },
  })
}

/** Limits on guessing. They count in this process and by `req.ip`: set Express's `trust proxy` behind a proxy. */
export function createRateLimits(on: boolean): RateLimits {
  if (!on) return { login: [pass], register: [pass], refresh: [pass] }
  return {
    login: [limit(60, 100, caller), limit(15, 10, callerAndAccount)],
    register: [limit(60, 30, caller)],
    // Nobody guesses 256 bits: this is about load, and many devices may share an address.
    refresh: [limit(1, 1000, caller)],
  }
}

export interface RateLimits {
  readonly login: RequestHandler[]
  readonly register: RequestHandler[]
  readonly refresh: RequestHandler[]
}
