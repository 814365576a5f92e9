import { CognitoJwtVerifier } from 'aws-jwt-verify'
import express from 'express'
import { answerErrors, privateHandler, reportsHandler } from '../handlers.js'

export function createApp({ jwks }) {
  const guard = (options) => {
    const verifier = CognitoJwtVerifier.create({
      userPoolId: 'eu-west-1_example00',
      clientId: 'orders-client',
      tokenUse: 'access',
      ...options,
    })
    // Without a network; an app of yours fetches the keys.
    verifier.cacheJwks(jwks)
    return async (req, res, next) => {
      const [, token] = /^Bearer (.+)$/.exec(req.headers.authorization ?? '') ?? []
      try {
        req.jwt = await verifier.verify(token ?? '')
        next()
      } catch {
        res.sendStatus(401)
      }
    }
  }

  const app = express()
  app.get('/private', guard({}), privateHandler)
  app.get('/reports', guard({ scope: 'reports.read' }), reportsHandler)
  app.use(answerErrors)
  return app
}
