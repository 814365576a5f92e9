import express, { type Express, type Request } from 'express'
import { authorize, getAuthentication, jwtBearer } from 'express-jwt-bearer'
import { answerErrors, optionalHandler, privateHandler, reportsHandler } from '../handlers.js'
import type { Setting } from '../setting.js'

export function createApp({ authority, audience }: Setting): Express {
  const app = express()
  app.use(
    jwtBearer({
      authority,
      audience,
      requireHttpsMetadata: false, // The issuer of this example is on this machine. Never do this for another one.
      tokenValidationParameters: { validAlgorithms: ['RS256'], clockSkew: 5 },
    }),
  )
  // Only while old handlers read it.
  app.use((req: Request & { auth?: unknown }, _res, next) => {
    const result = getAuthentication(req)
    if (result.kind === 'success') {
      req.auth = {
        header: result.header,
        payload: result.principal.claims,
        token: result.token,
      }
    }
    next()
  })

  app.get('/private', authorize(), privateHandler)
  app.get(
    '/reports',
    authorize((policy) =>
      policy.requireScope('reports.read').requireClaim('permissions', 'reports.read'),
    ),
    reportsHandler,
  )
  app.get('/optional', authorize({ optional: true }), optionalHandler)
  app.use(answerErrors)
  return app
}
