import express from 'express'
import {
  AuthError,
  ClaimTypes,
  ConfigurationError,
  TokenExpiredError,
  createAuthorization,
  createPrincipal,
  getAuthentication,
  jwtBearer,
  symmetricKey,
  type ClaimsPrincipal,
  type JwtBearerOptions,
} from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'

const issuer = await createTestIssuer({ issuer: undefined, audience: 'api://orders' })

const options: JwtBearerOptions = {
  audience: 'api://orders',
  realm: undefined,
  tokenValidationParameters: {
    validIssuer: 'https://issuer.example',
    issuerSigningKey: symmetricKey('d7Uz0rKcXqv3nTq8pB1mYf5sGh2jLw9e'),
    clockSkew: 30,
  },
  events: {
    onTokenValidated: async (context) => {
      if (context.principal.hasScope('revoked')) context.fail('Revoked')
      await Promise.resolve(context.res.statusCode)
    },
  },
}

const { authorize, evaluate } = createAuthorization({
  policies: {
    AdminOnly: (policy) => policy.requireRole('Admin'),
    CanReadOrders: (policy) => policy.requireScope('orders.read'),
  },
})

const app = express()
app.use(jwtBearer(options), jwtBearer(issuer.options))
app.get('/orders', authorize('CanReadOrders'), async (req, res) => {
  const caller: ClaimsPrincipal | undefined = req.user
  const name: string | undefined = req.user?.name
  const result = getAuthentication(req)
  if (result.kind === 'success') res.set('X-Expires', result.expiresAt?.toISOString())
  const { succeeded } = await evaluate('AdminOnly', caller ?? createPrincipal({ sub: 'nobody' }))
  res.json({ name, succeeded, role: req.user?.findFirst(ClaimTypes.Role) })
})

// @ts-expect-error a policy that was never defined
authorize('CanFly')

app.get('/', (req) => {
  // @ts-expect-error the caller has no such property, so the type of `req.user` is known
  return req.user?.nickname
})

export const errors: Record<string, boolean> = {
  expired: new Error() instanceof TokenExpiredError,
  configuration: new Error() instanceof ConfigurationError,
  any: new Error() instanceof AuthError,
}
