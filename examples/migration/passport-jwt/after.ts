import express, { type Express } from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { answerErrors, privateHandler, reportsHandler } from '../handlers.js'
import type { Setting } from '../setting.js'

export function createApp({ issuer, pem, audience }: Setting): Express {
  const app = express()
  app.use(
    jwtBearer({
      audience,
      tokenValidationParameters: {
        validIssuer: issuer,
        issuerSigningKey: pem,
        validAlgorithms: ['RS256'],
        clockSkew: 0,
      },
      events: {
        onTokenValidated: (context) => {
          const id = context.principal.subject
          if (id === 'blocked') context.fail('The account is blocked')
          else context.properties['account'] = { id }
        },
      },
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
