import express from 'express'
import { expressjwt } from 'express-jwt'
import jwtAuthz from 'express-jwt-authz'
import permissions from 'express-jwt-permissions'
import jwksRsa from 'jwks-rsa'
import { answerErrors, optionalHandler, privateHandler, reportsHandler } from '../handlers.js'

export function createApp({ issuer, jwksUri, audience }) {
  const options = {
    secret: jwksRsa.expressJwtSecret({ jwksUri, cache: true, rateLimit: true }),
    algorithms: ['RS256'],
    audience,
    issuer,
  }
  const guard = permissions({ requestProperty: 'auth', permissionsProperty: 'permissions' })

  const app = express()
  app.get('/private', expressjwt(options), privateHandler)
  app.get(
    '/reports',
    expressjwt(options),
    jwtAuthz(['reports.read'], { customUserKey: 'auth', failWithError: true }),
    guard.check('reports.read'),
    reportsHandler,
  )
  app.get('/optional', expressjwt({ ...options, credentialsRequired: false }), optionalHandler)
  app.use(answerErrors)
  return app
}
