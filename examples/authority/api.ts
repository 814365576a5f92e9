import express, { type Express } from 'express'
import { authorize, jwtBearer, type JwtBearerOptions } from 'express-jwt-bearer'
import { audience, scope } from './settings.js'

/** The API. All it knows of the provider is its address. */
export function createApi(authority: string, options: JwtBearerOptions = {}): Express {
  const app = express()
  app.use(
    jwtBearer({
      authority,
      audience,
      requireHttpsMetadata: false, // The provider is on this machine. Never do this for another one.
      ...options,
    }),
  )
  app.get('/health', (_req, res) => {
    res.json('up')
  })
  app.get(
    '/orders',
    authorize((policy) => policy.requireScope(scope)),
    (req, res) => {
      res.json({ for: req.user?.subject })
    },
  )
  return app
}
