import { fileURLToPath } from 'node:url'
import express, {
  type ErrorRequestHandler,
  type Express,
  type RequestHandler,
  type Response,
} from 'express'
import { AuthError, getAuthentication, jwtBearer } from 'express-jwt-bearer'
import type { TestIssuer } from 'express-jwt-bearer/testing'
import { createOrders } from './orders.js'
import { createCallers } from './tokens.js'

const page = fileURLToPath(new URL('public', import.meta.url))

/** Makes the playground: the API, the page that calls it and the tokens to call it with. */
export function createApp(issuer: TestIssuer): Express {
  const callers = createCallers(issuer)
  const bearer = jwtBearer({
    ...issuer.options,
    tokenValidationParameters: {
      ...issuer.options.tokenValidationParameters,
      validTypes: ['at+jwt'],
    },
  })

  const app = express()
  app.disable('x-powered-by')
  app.use(protectPage, express.static(page))
  app.get('/demo/tokens/:caller', async (req, res) => {
    const token = await callers.get(req.params.caller)?.()
    res.set('Cache-Control', 'no-store')
    if (token === undefined) res.status(404).json({ error: 'Not Found' })
    else res.type('text').send(token)
  })
  app.use('/api', bearer, showOutcome, createOrders())
  app.use((_req, res) => {
    res.status(404).json({ error: 'Not Found' })
  })
  app.use(answerErrors)
  return app
}

const protectPage: RequestHandler = (_req, res, next) => {
  res.set({
    'Content-Security-Policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
  })
  next()
}

// For the playground's list of checks alone: a public route answers 200 whatever the token is worth.
const showOutcome: RequestHandler = (req, res, next) => {
  const result = getAuthentication(req)
  const failed = result.kind === 'failure' && result.error instanceof AuthError
  res.set('Demo-Outcome', failed ? result.error.code : result.kind)
  next()
}

// Express knows an error handler by its four parameters.
const answerErrors: ErrorRequestHandler = (error: unknown, _req, res: Response, next) => {
  if (res.headersSent) {
    next(error)
    return
  }
  const { status = 500, code } = error as { status?: number; code?: string }
  res.status(status)
  if (status >= 500) console.error(error)
  res.json(status >= 500 ? { error: 'Internal Server Error' } : { error: messageOf(error), code })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'Bad Request'
}
