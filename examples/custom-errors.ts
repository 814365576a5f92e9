// How do I give every refusal the form of my other errors, here RFC 9457's problem+json?
//
//   npm run example custom-errors
//   curl -i localhost:3000/orders

import express, { type ErrorRequestHandler, type Express } from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { announce } from './shared/announce.js'
import { anybody, demoToken, withToken } from './demo-token.js'
import { listen } from './listen.js'

export async function createApp(): Promise<Express> {
  const issuer = await createTestIssuer({ audience: 'api://orders' })
  const app = express()
  app.use(demoToken(issuer))
  app.use(jwtBearer(issuer.options))
  app.get(
    '/orders',
    authorize((policy) => policy.requireScope('orders.read')),
    (_req, res) => {
      res.json([])
    },
  )
  app.get('/broken', () => {
    throw new Error('The database is on fire')
  })
  app.use(answerProblem)
  return app
}

// authorize() hands its refusals to next(): status and code are on the error, WWW-Authenticate is on the
// response already. Express knows an error handler by its four parameters.
const answerProblem: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) {
    next(error)
    return
  }
  const { status = 500, code } = error as { status?: number; code?: string }
  const isOurFault = status >= 500
  if (isOurFault) console.error(error)
  res
    .status(status)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        title: isOurFault ? 'Something went wrong here' : (error as Error).message,
        status,
        code: isOurFault ? undefined : code,
      }),
    )
}

if (process.argv[1] === import.meta.filename) {
  const url = await listen(await createApp())
  announce({
    users: anybody,
    tries: [
      [
        '200: alice reads the orders',
        `${url}/orders ${withToken(url, { sub: 'alice', scope: 'orders.read' })}`,
      ],
      ['401: a problem, for somebody without a token', `${url}/orders`],
    ],
  })
}
