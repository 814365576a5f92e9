import express, { type Express } from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { answerErrors, privateHandler, reportsHandler } from '../handlers.js'
import { cognito } from '../../recipes.js'
import type { Setting } from '../setting.js'

export function createApp({ fetch }: Setting): Express {
  const { tokenValidationParameters, ...options } = cognito(
    'eu-west-1',
    'eu-west-1_example00',
    'orders-client',
  )

  const app = express()
  app.use(
    jwtBearer({
      ...options,
      fetch, // Without a network; an app of yours leaves this out.
      tokenValidationParameters: { ...tokenValidationParameters, clockSkew: 0 },
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
