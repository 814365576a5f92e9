import express from 'express'
import { auth, claimIncludes, requiredScopes } from 'express-oauth2-jwt-bearer'
import { answerErrors, optionalHandler, privateHandler, reportsHandler } from '../handlers.js'

export function createApp({ authority, audience }) {
  const options = { issuerBaseURL: authority, audience, tokenSigningAlg: 'RS256' }

  const app = express()
  app.get('/private', auth(options), privateHandler)
  app.get(
    '/reports',
    auth(options),
    requiredScopes('reports.read'),
    claimIncludes('permissions', 'reports.read'),
    reportsHandler,
  )
  app.get('/optional', auth({ ...options, authRequired: false }), optionalHandler)
  app.use(answerErrors)
  return app
}
