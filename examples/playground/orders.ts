import { Router } from 'express'
import { createAuthorization } from 'express-jwt-bearer'

interface Order {
  readonly id: number
  readonly item: string
  readonly total: number
  status: 'paid' | 'shipped'
}

const { authorize } = createAuthorization({
  policies: {
    CanReadOrders: (policy) => policy.requireScope('orders.read'),
    CanShipOrders: (policy) => policy.requireScope('orders.write'),
    AdminOnly: (policy) => policy.requireRole('Admin'),
  },
})

/** What a route asks for. */
export interface Need {
  readonly role?: string
  readonly scope?: string
}

// Once more, to say what a caller lacks: a requirement that has failed gives no more than its name.
const needs = new Map<string, Need>([
  ['GET /api/orders', { scope: 'orders.read' }],
  ['POST /api/orders/1042/ship', { scope: 'orders.write' }],
  ['GET /api/revenue', { role: 'Admin' }],
])

/** Looks up what a route asks for. */
export function needOf(method: string, path: string): Need | undefined {
  return needs.get(`${method} ${path}`)
}

/** An orders API: a guard in front of each route says who may use it. */
export function createOrders(): Router {
  const tea: Order = { id: 1042, item: 'Green tea', total: 12, status: 'paid' }
  const pot: Order = { id: 1043, item: 'Tea pot', total: 38, status: 'shipped' }
  const orders = [tea, pot]

  return Router()
    .get('/status', (_req, res) => {
      res.json({ status: 'open for business' })
    })
    .get('/greeting', authorize({ optional: true }), (req, res) => {
      res.json({ greeting: `Hello, ${req.user?.name ?? 'stranger'}` })
    })
    .get('/me', authorize(), (req, res) => {
      res.json(req.user)
    })
    .get('/orders', authorize('CanReadOrders'), (_req, res) => {
      res.json({ orders })
    })
    .post('/orders/1042/ship', authorize('CanShipOrders'), (_req, res) => {
      tea.status = 'shipped'
      res.json(tea)
    })
    .get('/revenue', authorize('AdminOnly'), (_req, res) => {
      res.json({ revenue: tea.total + pot.total })
    })
}
