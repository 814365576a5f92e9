import express, { type Express } from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { answerErrors, privateHandler, reportsHandler } from '../handlers.js'
import type { Setting } from '../setting.js'

export function createApp({ metadataAddress, audience }: Setting): Express {
  const app = express()
  app.use(
    jwtBearer({
      metadataAddress,
      audience: [audience, `spn:${audience}`],
      requireHttpsMetadata: false, // The issuer of this example is on this machine. Never do this for another one.
    }),
  )

  app.get('/private', authorize(), privateHandler)
  app.get(
    '/reports',
    authorize((policy) => policy.requireAnyScope('reports.read')),
    reportsHandler,
  )
  app.use(answerErrors)
  return app
}
