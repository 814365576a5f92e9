import express from 'express'
import passport from 'passport'
import { ExtractJwt, Strategy } from 'passport-jwt'
import { answerErrors, privateHandler, reportsHandler } from '../handlers.js'

export function createApp({ issuer, pem, audience }) {
  const strategy = new Strategy(
    {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: pem,
      algorithms: ['RS256'],
      issuer,
      audience,
    },
    (payload, done) => {
      done(null, payload.sub === 'blocked' ? false : { id: payload.sub, scope: payload.scope })
    },
  )
  const accounts = new passport.Passport().use(strategy)
  const signedIn = accounts.authenticate('jwt', { session: false })
  const mayRead = (req, res, next) => {
    if (String(req.user.scope).split(' ').includes('reports.read')) next()
    else res.sendStatus(403)
  }

  const app = express()
  app.get('/private', signedIn, privateHandler)
  app.get('/reports', signedIn, mayRead, reportsHandler)
  app.use(answerErrors)
  return app
}
