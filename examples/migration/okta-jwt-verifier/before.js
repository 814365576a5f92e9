import express from 'express'
import OktaJwtVerifier from '@okta/jwt-verifier'
import { answerErrors, privateHandler, reportsHandler } from '../handlers.js'

export function createApp({ authority, audience }) {
  const guard = (assertClaims) => {
    const verifier = new OktaJwtVerifier({
      issuer: authority,
      assertClaims,
      testing: { disableHttpsCheck: true },
    })
    return async (req, res, next) => {
      const [, token] = /^Bearer (.+)$/.exec(req.headers.authorization ?? '') ?? []
      if (token === undefined) {
        res.sendStatus(401)
        return
      }
      try {
        req.jwt = await verifier.verifyAccessToken(token, audience)
        next()
      } catch {
        res.sendStatus(401)
      }
    }
  }

  const app = express()
  app.get('/private', guard({}), privateHandler)
  app.get('/reports', guard({ 'scp.includes': ['reports.read'] }), reportsHandler)
  app.use(answerErrors)
  return app
}
