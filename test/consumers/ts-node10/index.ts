import express = require('express')
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createAuthClient } from 'express-jwt-bearer/browser'
import { dpop } from 'express-jwt-bearer/dpop'
import { introspection } from 'express-jwt-bearer/introspection'
import { createTokenIssuer } from 'express-jwt-bearer/issuer'
import { clientCertificate } from 'express-jwt-bearer/mtls'
import { createPostgresDenyList } from 'express-jwt-bearer/postgres'
import { protectedResourceMetadata } from 'express-jwt-bearer/protected-resource'
import { createRedisDenyList } from 'express-jwt-bearer/redis'
import { createSession } from 'express-jwt-bearer/session'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { createTokenManager } from 'express-jwt-bearer/tokens'

export const entries = [
  createAuthClient,
  dpop,
  introspection,
  createTokenIssuer,
  clientCertificate,
  createPostgresDenyList,
  protectedResourceMetadata,
  createRedisDenyList,
  createSession,
  createTokenManager,
]

export async function createApp() {
  const issuer = await createTestIssuer()
  const app = express()
  app.use(jwtBearer(issuer.options))
  app.get('/orders', authorize({ roles: 'Admin' }), (req, res) => {
    res.json({ subject: req.user?.subject })
  })
  app.get('/', (req) => {
    // @ts-expect-error the caller has no such property, so the type of `req.user` is known
    return req.user?.nickname
  })
  return app
}
