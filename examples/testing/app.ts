// How do I test an API that is guarded by tokens? This is the API; orders.test.ts beside it is the suite.
//
//   npx vitest run examples/testing
//
// The options come from outside: the server hands in those of its issuer, the suite those of a test issuer.

import express, { type Express } from 'express'
import { createAuthorization, jwtBearer, type JwtBearerOptions } from 'express-jwt-bearer'

const { authorize } = createAuthorization({
  policies: {
    CanReadOrders: (policy) => policy.requireScope('orders.read'),
    AdminOnly: (policy) => policy.requireRole('Admin'),
  },
})

export function createApp(options: JwtBearerOptions): Express {
  const orders = new Map([[1, { id: 1, item: 'Tea' }]])

  const app = express()
  app.use(jwtBearer(options))
  app.get('/health', (_req, res) => {
    res.json({ healthy: true })
  })
  app.get('/orders', authorize('CanReadOrders'), (req, res) => {
    res.json({ for: req.user?.subject, orders: [...orders.values()] })
  })
  app.delete('/orders/:id', authorize('AdminOnly'), (req, res) => {
    const found = orders.delete(Number(req.params.id))
    res.sendStatus(found ? 204 : 404)
  })
  return app
}
