import { fileURLToPath } from 'node:url'
import express, {
  type ErrorRequestHandler,
  type Express,
  type RequestHandler,
  type Response,
} from 'express'
import { jwtBearer } from 'express-jwt-bearer'
import { createMemoryReplayCache, dpop } from 'express-jwt-bearer/dpop'
import { createDemo } from './demo.js'
import { createOrders } from './orders.js'
import { explainingEvents, showOutcome } from './outcome.js'
import type { Sources } from './tokens.js'

const page = fileURLToPath(new URL('public', import.meta.url))
const guides = fileURLToPath(new URL('..', import.meta.url))

/**
 * Makes the playground: the API, the page that calls it and the tokens to call it with.
 *
 * @param url - Where it is called.
 */
export function createApp(url: string, sources: Sources): Express {
  const { issuer, opaque } = sources
  const bearer = jwtBearer({
    ...issuer.options,
    tokenValidationParameters: {
      ...issuer.options.tokenValidationParameters,
      validTypes: ['at+jwt'],
    },
    introspection: opaque.introspection,
    proofOfPossession: dpop({
      publicUrl: url,
      replayCache: createMemoryReplayCache(),
      validAlgorithms: ['ES256'],
      allowBearerTokens: true, // The other callers of the playground have no key.
    }),
    events: explainingEvents(issuer),
  })

  const app = express()
  app.disable('x-powered-by')
  app.use(protectPage, express.static(page))
  app.use('/demo', createDemo(url, sources))
  app.get(/^\/guides\/(?:[a-z-]+\/)?[a-zA-Z-]+\.md$/, (req, res) => {
    res.type('text/plain').sendFile(req.path.slice('/guides/'.length), { root: guides })
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
