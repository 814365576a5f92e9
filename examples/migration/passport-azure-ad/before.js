import express from 'express'
import passport from 'passport'
import { BearerStrategy } from 'passport-azure-ad'
import { answerErrors, privateHandler, reportsHandler } from '../handlers.js'

export function createApp({ metadataAddress, audience }) {
  const strategy = (name, scope) => {
    const bearer = new BearerStrategy(
      { identityMetadata: metadataAddress, clientID: audience, loggingLevel: 'error', scope },
      (token, done) => done(null, { id: token.sub }, token),
    )
    bearer.name = name
    return bearer
  }
  const accounts = new passport.Passport()
    .use(strategy('any'))
    .use(strategy('reports', ['reports.read']))
  const options = { session: false }

  const app = express()
  app.get('/private', accounts.authenticate('any', options), privateHandler)
  app.get('/reports', accounts.authenticate('reports', options), reportsHandler)
  app.use(answerErrors)
  return app
}
