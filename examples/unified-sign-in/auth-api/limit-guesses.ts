import type { RequestHandler } from 'express'
import { rateLimit } from 'express-rate-limit'
import { readLogin } from '../shared/models.js'

/**
 * Limits guesses at the password of one account: five wrong ones every three seconds.
 *
 * Nobody is locked out: whoever guesses at an account must not be able to keep its owner from signing in, so the
 * pause is short, and who has the right password only has to come again.
 */
export function limitGuesses(): RequestHandler {
  return rateLimit({
    windowMs: 3000,
    limit: 5,
    skipSuccessfulRequests: true,
    keyGenerator: (req) => readLogin(req.body)?.email.toLowerCase() ?? 'no account',
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    handler: (_req, res) => {
      res.status(429).type('application/problem+json')
      res.send({ title: 'Too many attempts; try again in a moment', status: 429 })
    },
  })
}
