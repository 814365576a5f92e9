// How do I ask for roles, scopes and claims, for a rule of my own, or for the owner of a thing?
//
//   npm run example policies
//   TOKEN=$(curl -s localhost:3000/demo-token --json '{ "sub": "alice", "scope": "orders.read" }')
//   curl -i localhost:3000/orders/1 -H "Authorization: Bearer $TOKEN"

import express, { type Express } from 'express'
import {
  createAuthorization,
  jwtBearer,
  type AuthorizationRequirement,
  type ClaimsPrincipal,
} from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { announce } from './shared/announce.js'
import { anybody, demoToken, withToken } from './demo-token.js'
import { listen } from './listen.js'

interface Order {
  readonly id: number
  readonly owner: string
}

const orders: readonly Order[] = [
  { id: 1, owner: 'alice' },
  { id: 2, owner: 'bob' },
]

// A requirement of one's own: a name for logs and a function that answers true.
const officeHours: AuthorizationRequirement = {
  name: 'officeHours',
  evaluate: ({ user, fail }) => {
    if (user.hasClaim('shift', 'day')) return true
    fail('Refunds are made by the day shift')
    return false
  },
}

const { authorize, evaluate } = createAuthorization({
  policies: {
    AdminOnly: (policy) => policy.requireRole('Admin'),
    CanReadOrders: (policy) => policy.requireScope('orders.read'),
    // Values in one call are alternatives, calls add up: (Support or Admin) and a verified address.
    CanAnswer: (policy) =>
      policy.requireRole('Support', 'Admin').requireClaim('email_verified', 'true'),
    CanRefund: (policy) => policy.requireRole('Support').addRequirements(officeHours),
    OverEighteen: (policy) =>
      policy.requireAssertion(({ user }) => Number(user.findFirst('age')) >= 18),
    OwnsOrder: (policy) =>
      policy.requireAssertion(({ user, resource }) => ownerOf(resource) === user.subject),
  },
})

export async function createApp(): Promise<Express> {
  const issuer = await createTestIssuer({ audience: 'api://orders' })
  const app = express()
  app.use(demoToken(issuer))
  app.use(jwtBearer(issuer.options))

  app.get('/admin', authorize('AdminOnly'), greet)
  app.get('/answers', authorize('CanAnswer'), greet)
  app.get('/refunds', authorize('CanRefund'), greet)
  app.get('/wine', authorize('OverEighteen'), greet)
  // Several arguments must all hold; a policy can be written where it is used.
  app.get(
    '/exports',
    authorize('CanReadOrders', (policy) => policy.requireRole('Admin')),
    greet,
  )

  // The order must be found before anybody can tell whose it is.
  app.get('/orders/:id', authorize('CanReadOrders'), async (req, res) => {
    const order = orders.find(({ id }) => id === Number(req.params.id))
    const { succeeded } = await evaluate('OwnsOrder', req.user, order)
    // The same answer for "not yours" and "not there", so that nobody can find out which orders exist.
    if (order === undefined || !succeeded) res.status(404).json({ error: 'Not Found' })
    else res.json(order)
  })
  return app
}

function ownerOf(resource: unknown): string | undefined {
  return (resource as Order | undefined)?.owner
}

function greet(req: { user?: ClaimsPrincipal | undefined }, res: express.Response): void {
  res.json({ hello: req.user?.subject })
}

if (process.argv[1] === import.meta.filename) {
  const url = await listen(await createApp())
  announce({
    users: anybody,
    tries: [
      [
        '200: alice reads an order of hers',
        `${url}/orders/1 ${withToken(url, { sub: 'alice', scope: 'orders.read' })}`,
      ],
      ['403: alice is no admin', `${url}/admin ${withToken(url, { sub: 'alice' })}`],
    ],
  })
}
