import express, { type Express } from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { answerErrors, privateHandler, reportsHandler } from '../handlers.js'
import type { Setting } from '../setting.js'

export function createApp({ authority, audience }: Setting): Express {
  const app = express()
  app.use(
    jwtBearer({
      authority,
      audience,
      requireHttpsMetadata: false, // The issuer of this example is on this machine. Never do this for another one.
      tokenValidationParameters: { clockSkew: 0 },
    }),
  )

  app.get('/private', authorize(), privateHandler)
  app.get(
    '/reports',
    authorize((policy) => policy.requireScope('reports.read')),
    reportsHandler,
  )
  app.use(answerErrors)
  return app
}
