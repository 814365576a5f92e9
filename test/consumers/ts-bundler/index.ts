import express from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'

export async function createApp() {
  const issuer = await createTestIssuer({ alg: 'ES256' })
  const app = express()
  app.use(jwtBearer(issuer.options))
  app.get(
    '/orders',
    authorize((policy) => policy.requireAnyScope('orders.read', 'orders.write')),
    (req, res) => {
      const roles: readonly string[] = req.user?.roles ?? []
      res.json({ subject: req.user?.subject, roles })
    },
  )
  app.get('/', (req) => {
    // @ts-expect-error the caller has no such property, so the type of `req.user` is known
    return req.user?.nickname
  })
  return app
}
