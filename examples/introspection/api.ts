import express, { type Express } from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { introspection } from 'express-jwt-bearer/introspection'
import { api, audience, scope } from './provider.js'

/** An API that asks the provider about tokens that are no JWTs, and believes an answer for `maxAge` seconds. */
export function createApi(authority: string, maxAge: number): Express {
  const app = express()
  app.use(
    jwtBearer({
      authority,
      audience,
      requireHttpsMetadata: false, // The provider is on this machine. Never do this for another one.
      introspection: introspection({
        clientId: api.client_id,
        clientSecret: api.client_secret,
        cache: { maxAge },
      }),
    }),
  )
  app.get(
    '/orders',
    authorize((policy) => policy.requireScope(scope)),
    (req, res) => {
      res.json({ for: req.user?.findFirst('client_id') })
    },
  )
  return app
}
